// SPDX-License-Identifier: Apache-2.0
// Who may import whom: bin -> cli, api -> ipc/messages -> ipc/client, ipc/codec -> ipc/native.
'use strict';

const PRESENTATION = 'node_modules/(commander|chalk|cli-table3)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two modules that need each other are one module, or miss a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'bin-only-starts',
      severity: 'error',
      comment: 'Launchers start what is in dist/ and nothing else.',
      from: { path: '^bin/' },
      to: { path: '^src/' },
    },
    {
      name: 'cli-asks-messages',
      severity: 'error',
      comment: 'Commands use typed messages, not bytes: src/ipc/messages, or the transport and errors of src/ipc/client.',
      from: { path: '^src/cli/' },
      to: { path: '^src/ipc/', pathNot: '^src/ipc/(messages/|client/index\\.ts$)' },
    },
    {
      name: 'parse-and-render-are-pure',
      severity: 'error',
      comment: 'Text to values and values to text need no daemon.',
      from: { path: '^src/cli/(parse|render)/' },
      to: { path: '^src/(ipc/client|cli/(runtime|ipvsadm|dpip))/' },
    },
    {
      name: 'tools-are-apart',
      severity: 'error',
      comment: 'What both tools need lives in parse, render or runtime.',
      from: { path: '^src/cli/(ipvsadm|dpip)/' },
      to: { path: '^src/cli/(ipvsadm|dpip)/', pathNot: '^src/cli/$1/' },
    },
    {
      name: 'api-asks-messages',
      severity: 'error',
      comment: "The package's API stands where commands stand: on messages, and on text to values and back.",
      from: { path: '^src/(api/|index\\.ts$)' },
      to: { path: '^src/(ipc|cli)/', pathNot: '^src/(ipc/(messages/|client/index\\.ts$)|cli/(parse|render)/)' },
    },
    {
      name: 'nobody-needs-the-api',
      severity: 'error',
      comment: 'Commands start faster without it.',
      from: { path: '^src/(cli|ipc)/' },
      to: { path: '^src/(api/|index\\.ts$)' },
    },
    {
      name: 'ipc-knows-no-cli',
      severity: 'error',
      comment: 'The lower layer does not know who uses it, and draws nothing.',
      from: { path: '^src/ipc/' },
      to: { path: `^src/cli/|${PRESENTATION}` },
    },
    {
      name: 'messages-are-above',
      severity: 'error',
      comment: 'client and codec do not know any message.',
      from: { path: '^src/ipc/(client|codec)/' },
      to: { path: '^src/ipc/messages/' },
    },
    {
      name: 'codec-needs-nobody',
      severity: 'error',
      comment: 'The codec turns bytes to values and values to bytes, nothing else.',
      from: { path: '^src/ipc/codec/' },
      to: { path: '^src/ipc/', pathNot: '^src/ipc/(codec/|errors\\.ts$)' },
    },
    {
      name: 'src-needs-no-tests',
      severity: 'error',
      comment: 'Shipped code does not import test code or development packages.',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'Imports must exist.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\.\\./dist/|dist/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.mts', '.cjs', '.mjs', '.js'] },
  },
};
