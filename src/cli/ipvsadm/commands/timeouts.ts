// SPDX-License-Identifier: Apache-2.0
// --set and -L --timeout: kernel IPVS has them, DPVS does not, our daemon does.
import { capabilities, MSG } from '../../../ipc/messages/capabilities';
import { getTimeouts, setTimeouts } from '../../../ipc/messages/timeouts';
import { EXIT_LIST, EXIT_SYNTAX } from '../errors';
import { writeDocument } from '../../runtime/document';
import { attempt, change, type Command, type Session } from '../session';

function hasTimeouts({ transport }: Session): boolean {
  return capabilities(transport).serves(MSG.DS_MSG_TIMEOUTS);
}

export const set: Command = (args, open) => {
  const session = open();
  if (!hasTimeouts(session)) {
    session.stderr.write('--set: not supported by dpvs\n');
    return EXIT_SYNTAX;
  }
  const [tcp = 0, tcpFin = 0, udp = 0] = args.words.map(Number);
  return change(session, 'set-timeouts', () => {
    setTimeouts(session.transport, { tcp, tcpFin, udp });
  });
};

export const listTimeouts: Command = (args, open) => {
  const session = open();
  if (!hasTimeouts(session)) {
    session.stderr.write('--timeout: not supported by this daemon, dpvs has nothing to list for it\n');
    return EXIT_LIST;
  }
  const timeouts = attempt(session, 'get-timeouts', () => getTimeouts(session.transport));
  if (timeouts === null) return EXIT_LIST;
  const { tcp, tcpFin, udp } = timeouts;
  if (args.given.has('json')) {
    writeDocument(session.stdout, { tcp_seconds: tcp, tcp_fin_seconds: tcpFin, udp_seconds: udp }, args.given.has('pretty'));
  } else {
    session.stdout.write(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`);
  }
  return 0;
};
