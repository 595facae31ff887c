// SPDX-License-Identifier: Apache-2.0
// Forms of listings and errors beside plain text. Loaded when one of them is asked for.
import type { IpcError } from '../../../ipc/client';
import { writeDocument } from '../../runtime/document';
import type { Io, Output } from '../../runtime/io';
import type { CommandError } from '../errors';
import type { Listing } from '../listing';
import type { Options } from '../options';
import { errorDocument } from './errors';
import { JsonListing, LineListing, PrometheusListing } from './listings';
import { PaintedListing } from './paint';

export { JsonLines } from './errors';

export function listingOf(options: Options, io: Io): Listing {
  switch (options.form) {
    case 'json':
      return new JsonListing(io.stdout, options.pretty);
    case 'oneline':
      return new LineListing(io.stdout);
    case 'prom':
      return new PrometheusListing(io.stdout);
    case 'text':
      return new PaintedListing(io.stdout);
  }
}

/** @param request object and verb, such as "tunnel-show" */
export function writeError(stderr: Output, error: CommandError | IpcError, request: string): void {
  writeDocument(stderr, errorDocument(error, request), false);
}
