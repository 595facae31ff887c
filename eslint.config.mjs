// SPDX-License-Identifier: Apache-2.0
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const node = {
  Buffer: 'readonly',
  URL: 'readonly',
  clearInterval: 'readonly',
  clearTimeout: 'readonly',
  console: 'readonly',
  fetch: 'readonly',
  performance: 'readonly',
  process: 'readonly',
  setInterval: 'readonly',
  setTimeout: 'readonly',
};

export default defineConfig(
  globalIgnores(['build/', 'dataplane/', 'dist/', 'node_modules/', 'prebuilds/']),
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strict],
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A void method may end with `return this.#other()`.
      '@typescript-eslint/no-invalid-void-type': 'off',
      complexity: ['error', 25],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'no-param-reassign': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['src/ipc/codec/layout.generated.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['**/*.mjs', '**/*.cjs', 'bin/*'],
    languageOptions: { globals: node },
    rules: {
      eqeqeq: 'error',
      'no-undef': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.cjs', 'bin/*'],
    languageOptions: { sourceType: 'commonjs', globals: { ...node, __dirname: 'readonly', module: 'writable', require: 'readonly' } },
  },
);
