// SPDX-License-Identifier: Apache-2.0
// -L -c --json
import type { Arguments } from '../arguments';
import { reportedPages } from '../connections';
import { connJson } from '../json/connections';
import { ListDocument } from '../../runtime/document';
import { versionText } from '../json/listing';
import type { Session } from '../session';

/** Page by page; `complete` at the end says whether all of them came. */
export function printJson(session: Session, args: Arguments): number {
  const details = args.given.has('details');
  const head = { version: versionText(session.info()) };
  const document = new ListDocument(session.stdout, head, 'connections', args.given.has('pretty'));
  const pages = reportedPages(session, args);
  for (let next = pages.next(); ; next = pages.next()) {
    if (next.done === true) {
      document.end({ complete: next.value.complete });
      return next.value.status;
    }
    for (const conn of next.value) document.add(connJson(conn, details));
  }
}
