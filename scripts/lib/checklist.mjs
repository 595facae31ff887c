// SPDX-License-Identifier: Apache-2.0
// Which test proves which row of a checklist: tests name the ids of rows in their titles.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './steps.mjs';

const ID = /\b(?:I[AB]-\d{2,3}|DPL-\d{3}|DP-\d{3}|DB-\d{2})\b/g;
const RUNNERS = new Set(['it', 'test', 'describe']);
/** Such tests prove nothing. */
const IDLE = new Set(['skip', 'todo']);
const FOLDERS = ['test', 'dataplane/src', 'dataplane/fuzz'];

/** @typedef {{id: string, feature: string, ours: string, fix?: boolean}} Row fix: on purpose not what upstream does. */
/** @typedef {{id: string, file: string, line: number, title: string}} Mention */

export const CHECKLISTS = ['ipvsadm', 'dpip', 'dataplane'];

/** @param {string} name one of CHECKLISTS @returns {Row[]} */
export function checklist(name) {
  return JSON.parse(readFileSync(path.join(root, 'test/checklist', `${name}.json`), 'utf8'));
}

function* filesBelow(folder) {
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else if (/(\.test\.(ts|mjs)|_test\.c)$/.test(entry.name)) yield file;
  }
}

/** Names along it.each(...).only and the like, the runner first; null when it is none. */
function chain(expression) {
  if (ts.isIdentifier(expression)) return RUNNERS.has(expression.text) ? [expression.text] : null;
  if (ts.isPropertyAccessExpression(expression)) {
    const names = chain(expression.expression);
    return names && [...names, expression.name.text];
  }
  return ts.isCallExpression(expression) ? chain(expression.expression) : null;
}

function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.getText().slice(1, -1) : null;
}

/** Titles that rows of an it.each table make, of rows that begin with an id. */
function* tableTitles(node, title) {
  const cells = ts.isArrayLiteralExpression(node) ? node.elements.map(textOf) : [textOf(node)];
  if (/^(?:I[AB]|DPL|DP|DB)-\d/.test(cells[0] ?? '')) {
    yield title.replaceAll(/%[sji]/g, () => cells.shift() ?? '…');
    return;
  }
  for (const child of node.getChildren()) yield* tableTitles(child, title);
}

function* scriptTitles(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node)) {
      const names = chain(node.expression);
      if (names?.some((name) => IDLE.has(name))) return;
      const [first] = node.arguments;
      const title = names && first ? textOf(first) : null;
      if (title !== null) found.push([title, node]);
      // it.each(table)(title, …): the table is an argument of the inner call.
      if (title !== null && ts.isCallExpression(node.expression)) {
        for (const argument of node.expression.arguments) for (const row of tableTitles(argument, title)) found.push([row, node]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const [title, node] of found) yield [title, source.getLineAndCharacterOfPosition(node.getStart()).line + 1];
}

/** Comments in front of test functions, with the name of the function. */
function* cTitles(text) {
  for (const match of text.matchAll(/(\/\*(?:[^*]|\*(?!\/))*\*\/|(?:\/\/[^\n]*\n)+)\s*static void\s+(\w+)\(/g)) {
    const ids = match[1].match(ID);
    if (ids !== null) yield [`${ids.join(' ')} ${match[2]}`, text.slice(0, match.index).split('\n').length];
  }
}

/** Every test that names an id. @returns {Mention[]} */
export function mentions() {
  const all = [];
  for (const file of FOLDERS.flatMap((folder) => [...filesBelow(folder)]).sort()) {
    const text = readFileSync(path.join(root, file), 'utf8');
    if (!/\b(?:I[AB]|DPL|DP|DB)-\d/.test(text)) continue;
    for (const [title, line] of file.endsWith('.c') ? cTitles(text) : scriptTitles(file, text)) {
      for (const id of new Set(title.match(ID) ?? [])) all.push({ id, file, line, title });
    }
  }
  return all;
}
