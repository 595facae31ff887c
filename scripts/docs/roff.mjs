// SPDX-License-Identifier: Apache-2.0
// Text as man pages have it. Paragraphs are written as plain text with *bold* and _italic_ words.

/** Characters that mean something to roff; dashes stay dashes for those who copy them. */
export function escape(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

/** A line that begins with a dot or a quote would be a request. */
function guarded(line) {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

const MARK = /\*([^*\n]+)\*|(?<![\w/])_([^_\n]+)_(?![\w/])/g;

/** Text with marks, escaped. */
export function inline(text) {
  let result = '';
  let at = 0;
  for (const match of text.matchAll(MARK)) {
    const [whole, bold, italic] = match;
    result += escape(text.slice(at, match.index));
    result += bold === undefined ? `\\fI${escape(italic)}\\fR` : `\\fB${escape(bold)}\\fR`;
    at = match.index + whole.length;
  }
  return result + escape(text.slice(at));
}

/** Sentences start on lines of their own, as man pages want it. */
function sentences(text) {
  return text.replace(/\s+/g, ' ').trim().split(/(?<=[.!?]) (?=[A-Z*_])/);
}

export function paragraph(text) {
  return sentences(text).map((line) => `${guarded(inline(line))}\n`).join('');
}

/** A section of paragraphs; lines that begin with four spaces are examples. */
export function section(title, text) {
  const blocks = text.replace(/^\n+/, '').trimEnd().split(/\n{2,}/);
  const body = blocks.map((block, i) => {
    if (/^ {4}/.test(block.replace(/^\n/, ''))) {
      const lines = block.split('\n').map((line) => guarded(escape(line.slice(4))));
      return `${i === 0 ? '' : '.PP\n'}.RS 4\n.nf\n${lines.join('\n')}\n.fi\n.RE\n`;
    }
    return (i === 0 ? '' : '.PP\n') + paragraph(block);
  });
  return `.SH ${title}\n${body.join('')}`;
}

/** Terms with their texts: [[term as roff, text or texts]]. */
export function list(items) {
  return items
    .map(([term, texts]) => {
      const [first, ...more] = [texts].flat();
      return `.TP\n${term}\n${paragraph(first)}${more.map((text) => `.IP\n${paragraph(text)}`).join('')}`;
    })
    .join('');
}
