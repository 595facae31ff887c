// SPDX-License-Identifier: Apache-2.0
import { addKniFlow, deleteKniFlow, flushKniFlows, kniType, listKniFlows } from '../../../ipc/messages/flow';
import { formatIp } from '../../render/address';
import { refused } from '../errors';
import { free, key, required, verb, type ObjectSpec, type Parse } from '../grammar';
import { address, ifname } from '../values';

const MISSING_TYPE = 'missing flow type';

const type: Parse<'kni'> = (text) => {
  if (text !== 'kni') throw refused(`${MISSING_TYPE}: '${text}' is none, kni is`);
  return 'kni';
};

const TYPE = required(key('kni', type), MISSING_TYPE);
const LIST_ARGS = { type: TYPE, dev: key('IF', ifname) };
const CHANGE_ARGS = {
  type: TYPE,
  address: required(free('ADDR', address), 'missing ip address'),
  dev: required(key('IF', ifname), 'no device specified.'),
};

export const flow: ObjectSpec = {
  name: 'flow',
  summary: 'addresses whose packets go to the kernel',
  verbs: {
    show: verb({
      args: LIST_ARGS,
      run: (values, { io, list }) => {
        for (const entry of listKniFlows(io.transport(), { ifname: values.dev ?? '' })) {
          const { flow: one } = entry.data;
          if (entry.type !== kniType.KNI_DTYPE_ADDR_FLOW || one === undefined) {
            io.stderr.write(`unexpectd kni data type ${entry.type}\n`);
          } else {
            list.record('flow', { ...one, ifname: entry.ifname }, () => `kni addr flow ${formatIp(one.af, one.addr)} dev ${entry.ifname}\n`);
          }
        }
        return 0;
      },
    }),
    add: verb({
      args: CHANGE_ARGS,
      run: ({ address: { af, bytes: addr }, dev }, { io }) => {
        addKniFlow(io.transport(), { ifname: dev, data: { flow: { af, addr } } });
        return 0;
      },
    }),
    del: verb({
      args: CHANGE_ARGS,
      run: ({ address: { af, bytes: addr }, dev }, { io }) => {
        deleteKniFlow(io.transport(), { ifname: dev, data: { flow: { af, addr } } });
        return 0;
      },
    }),
    flush: verb({
      args: LIST_ARGS,
      run: (values, { io }) => {
        flushKniFlows(io.transport(), { ifname: values.dev ?? '' });
        return 0;
      },
    }),
  },
};
