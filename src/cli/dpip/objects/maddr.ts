// SPDX-License-Identifier: Apache-2.0
import { listLinks } from '../../../ipc/messages/link';
import {
  hwAddrFlags,
  listIpMulticast,
  listLinkMulticast,
  type IpMulticast,
  type LinkMulticast,
} from '../../../ipc/messages/maddr';
import { formatIp } from '../../render/address';
import { right } from '../../render/columns';
import { key, verb, type Call, type ObjectSpec } from '../grammar';
import { familyName } from '../text';
import { ifname } from '../values';

export function renderLinkMulticast(entry: LinkMulticast, verbose: boolean): string {
  if (!verbose) return `\tlink ${entry.addr}\n`;
  const kni = (entry.flags & hwAddrFlags.HW_ADDR_F_FROM_KNI) === 0 ? '' : ' (+kni)';
  return `\tlink  ${entry.addr}${kni}\t\trefcnt ${entry.refcnt}\t\tsync ${entry.sync_cnt}\n`;
}

export function renderIpMulticast(entry: IpMulticast, verbose: boolean): string {
  const text = `\t${right(familyName(entry.af), 5)} ${formatIp(entry.af, entry.maddr)}`;
  return verbose ? `${text}\t\tflags 0x${entry.flags.toString(16)}\t\trefcnt ${entry.refcnt}\n` : `${text}\n`;
}

function showDevice(title: string, name: string, { options, io, list }: Call): void {
  if (list.isText) io.stdout.write(`${title}\n`);
  const link = listLinkMulticast(io.transport(), name);
  const ip = listIpMulticast(io.transport(), name);
  list.record('maddr', { device: name, link, ip }, () => {
    const lines = link.map((entry) => renderLinkMulticast(entry, options.verbose));
    return [...lines, ...ip.map((entry) => renderIpMulticast(entry, options.verbose))].join('');
  });
}

export const maddr: ObjectSpec = {
  name: 'maddr',
  summary: 'multicast addresses of devices',
  verbs: {
    show: verb({
      args: { dev: key('IF', ifname) },
      options: '[-v]',
      run: ({ dev }, call) => {
        if (dev !== undefined) showDevice(`${dev}:`, dev, call);
        else for (const { id, name } of listLinks(call.io.transport())) showDevice(`${id + 1}:\t${name}`, name, call);
        return 0;
      },
    }),
  },
};
