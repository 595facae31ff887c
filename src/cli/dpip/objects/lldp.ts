// SPDX-License-Identifier: Apache-2.0
import { showLldp } from '../../../ipc/messages/lldp';
import { invalid } from '../errors';
import { flag, key, required, verb, type ObjectSpec } from '../grammar';
import { ifname } from '../values';

export const lldp: ObjectSpec = {
  name: 'lldp',
  summary: 'link layer discovery: what we send, what the neighbour sent',
  stages: ['parse', 'check'],
  verbs: {
    show: verb({
      args: { local: flag(), neigh: flag(), dev: required(key('IF', ifname), 'missing device name') },
      usage: '[local|neigh] dev IF',
      run: ({ local, neigh, dev }, { io, list }) => {
        if (local === true && neigh === true) throw invalid('too many arguments');
        const who = neigh === true ? 'neigh' : 'local';
        const text = showLldp(io.transport(), dev, who);
        const title = neigh === true ? 'Neighbour' : 'Local';
        list.record('lldp', { device: dev, who, text }, () => `-*-*-*- ${title} LLDP Message on Port ${dev} -*-*-*-\n${text}`);
        return 0;
      },
    }),
  },
};
