// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from '../../../ipc/client';
import { EDPVS } from '../../../ipc/messages/failures';
import { listLinks } from '../../../ipc/messages/link';
import { addVlan, deleteVlan, listVlans, type Vlan } from '../../../ipc/messages/vlan';
import { parseDecimal } from '../../parse/number';
import { invalid, refused } from '../errors';
import { free, key, required, verb, type Call, type ObjectSpec, type Parse, type Surplus, type Values } from '../grammar';
import { ifname } from '../values';

const ETHER_8021Q = 0x8100;
const ETHER_8021AD = 0x88a8;
const MAX_ID = 4094;

const protocol: Parse<number> = (text) => {
  if (text === '802.1q' || text === 'vlan') return ETHER_8021Q;
  if (text === '802.1ad' || text.toLowerCase() === 'qinq') return ETHER_8021AD;
  throw invalid(`invalid proto '${text}': 802.1q, vlan, 802.1ad or QinQ`);
};

const vlanId: Parse<number> = (text) => {
  const id = parseDecimal(text, 1, MAX_ID);
  if (id === null) throw refused(`missing or invalid VLAN ID: '${text}' is no number from 1 to ${MAX_ID}`);
  return id;
};

const ARGS = {
  name: free('NAME', ifname),
  link: key('DEV', ifname),
  proto: key('802.1q|vlan|802.1ad|QinQ', protocol),
  id: key('ID', vlanId),
};

const surplus: Surplus = () => invalid('too many arguments');

/** @param values rows of any verb of this object */
function requestOf(values: Partial<Values<typeof ARGS>>): Vlan {
  return {
    real_dev: values.link ?? '',
    ifname: values.name ?? '',
    vlan_proto: values.proto ?? ETHER_8021Q,
    vlan_id: values.id ?? 0,
  };
}

export function renderVlan(vlan: Vlan): string {
  const proto = vlan.vlan_proto === ETHER_8021AD ? '802.1ad' : '802.1q';
  return `${vlan.ifname} link ${vlan.real_dev} proto ${proto} id ${vlan.vlan_id}\n`;
}

/** Daemons list one name or one device: ask for each device. Those that carry no VLAN devices refuse. */
function listAll(values: Values<typeof ARGS>, { io }: Call): Vlan[] {
  const refusals: number[] = [EDPVS.EDPVS_INVAL, EDPVS.EDPVS_NODEV, EDPVS.EDPVS_NOTEXIST];
  return listLinks(io.transport()).flatMap(({ name }) => {
    try {
      return listVlans(io.transport(), { ...requestOf(values), real_dev: name });
    } catch (error) {
      if (error instanceof DaemonError && refusals.includes(error.code)) return [];
      throw error;
    }
  });
}

export const vlan: ObjectSpec = {
  name: 'vlan',
  summary: 'VLAN devices',
  stages: ['parse', 'check'],
  verbs: {
    show: verb({
      args: ARGS,
      surplus,
      run: (values, call) => {
        const one = values.name !== undefined || values.link !== undefined;
        const vlans = one ? listVlans(call.io.transport(), requestOf(values)) : listAll(values, call);
        for (const entry of vlans) call.list.record('vlan', entry, () => renderVlan(entry));
        return 0;
      },
    }),
    add: verb({
      args: {
        ...ARGS,
        link: required(ARGS.link, 'missing real device'),
        id: required(ARGS.id, 'missing or invalid VLAN ID'),
      },
      surplus,
      run: (values, { io }) => {
        addVlan(io.transport(), requestOf(values));
        return 0;
      },
    }),
    del: verb({
      args: ARGS,
      usage: '{NAME | link DEV [proto PROTO] id ID}',
      surplus,
      run: (values, { io }) => {
        if (values.name === undefined && values.link === undefined) throw refused('missing both vlan and real device');
        if (values.name === undefined && values.id === undefined) throw refused('missing or invalid VLAN ID');
        deleteVlan(io.transport(), requestOf(values));
        return 0;
      },
    }),
  },
  notes: ['NAME          of the VLAN device; add makes DEV.ID of it when it is left out', 'ID            1 to 4094'],
};
