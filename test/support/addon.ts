// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';

export interface DescribedField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: string;
  readonly role: 'member' | 'overlay' | 'bits' | 'hidden';
  readonly count?: number;
  readonly ref?: string;
  readonly bigEndian?: boolean;
  readonly bit?: number;
  readonly bits?: number;
}

export interface DescribedStruct {
  readonly name: string;
  readonly size: number;
  readonly union: boolean;
  readonly fields: readonly DescribedField[];
}

/** What the addon says about the headers. */
export interface Description {
  readonly structs: readonly DescribedStruct[];
  readonly constants: readonly { readonly group: string; readonly name: string; readonly value: number }[];
  readonly messages: readonly {
    readonly name: string;
    readonly id: number;
    readonly direction: string;
    readonly availability: string;
    readonly rule: string;
    readonly size: number;
    readonly request: string;
    readonly reply: string;
    readonly element: string;
  }[];
  readonly errors: readonly { readonly name: string; readonly code: number; readonly text: string }[];
}

export function describeAddon(): Description {
  const holder = { exports: {} };
  process.dlopen(holder, path.join(import.meta.dirname, '../../build/Release/dpvs_ipc.node'));
  return (holder.exports as { describe(): Description }).describe();
}
