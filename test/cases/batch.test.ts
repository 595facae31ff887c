// SPDX-License-Identifier: Apache-2.0
// Atomic batches under traffic: packets see all of a batch or nothing of it.
import { describe, expect, test } from 'vitest';
import { EDPVS } from '../../src/ipc/codec';
import { BATCH_SKIPPED } from '../../src/ipc/messages/batch';
import { ipBytes, ipText } from '../harness/addresses';
import { itemsOf, runBatch, withoutAddresses } from '../harness/batch';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { dissect } from '../harness/dissect';
import { tcp } from '../harness/frames';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';
import { CLIENTS, configureService, endpoint, families, fromClient, quieten, SERVERS, startWorld, type Family } from './topology';

stopDaemonsAfterEach();

const atomic = { atomic: true };
const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 2, flags: 'PA', payload: 'more' };
const answer = { seq: RS_ISN + 1, flags: 'PA', payload: 'news' };

/** Commands for a whole service of the VIP. */
function service(f: Family, port: number, server: number, weight: number): string {
  const word = `-t ${endpoint(f.vip, port)}`;
  return `
    ipvsadm -A ${word} -s wrr
    ipvsadm -P ${word} -z ${f.lip} -F test1
    ipvsadm -a ${word} -r ${endpoint(f.servers[server] ?? '', port)} -b -w ${weight}`;
}

function syn(f: Family, sport: number, dport: number, dst: string = f.vip): Buffer {
  return fromClient(f, tcp({ sport, dport, seq: 1, flags: 'S' }), dst);
}

/** Everything that can be listed. */
function picture(c: Case): string {
  const lines = ['ipvsadm -ln', 'ipvsadm -Sn', 'ipvsadm -ln --stats', 'ipvsadm -lnc', 'dpip addr show', 'dpip -6 addr show', 'dpip route show', 'dpip -6 route show'];
  const laddrs = c.command('ipvsadm -G');
  expect(laddrs).toMatchObject({ status: 0, stderr: '' });
  return [...lines.map((line) => c.output(line)), laddrs.stdout].join('\n');
}

describe.each(families)('$name', (f) => {
  test('everything is deleted and comes again: connections go on, servers keep their counters, new services work', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: 80, servers: [{ index: 0, weight: 1 }] });
    const t = startConnection(c, f, 80, 3000);
    const items = withoutAddresses(itemsOf(c.transport, `ipvsadm -C ${service(f, 80, 0, 7)} ${service(f, 81, 1, 1)}`));

    const result = runBatch(c.transport, items, atomic);

    expect(result).toMatchObject({ committed: true, applied: items.length, failed: 0 });
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    const row = c.output('ipvsadm -ln').split('\n').find((line) => line.includes(`-> ${endpoint(f.servers[0], 80)}`)) ?? '';
    expect(row.trim().split(/\s+/).slice(2)).toEqual(['FullNat', '7', '1', '0']);
    expect(startConnection(c, f, 80, 3001).state()).toBe('TCP_EST');
    expect(startConnection(c, f, 81, 3002, CLIENT_ISN, 1).state()).toBe('TCP_EST');
  });

  test('what does not come again ends like anything deleted: its connections go on, new ones are not taken', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: 80 });
    const t = startConnection(c, f, 80, 3000);
    runBatch(c.transport, withoutAddresses(itemsOf(c.transport, `ipvsadm -C ${service(f, 81, 1, 1)}`)), atomic);
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, syn(f, 3001, 80)));
    expect(startConnection(c, f, 81, 3002, CLIENT_ISN, 1).state()).toBe('TCP_EST');
  });

  test.each(['refused at its last item', 'a dry run'])('a batch that is %s changes nothing', async (what) => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: 80 });
    const t = startConnection(c, f, 80, 3000);
    const before = picture(c);
    const other = f.vip.replace(/100$/, '101');
    const changes = `
      ipvsadm -E -t ${endpoint(f.vip, 80)} -s wlc
      ipvsadm -e -t ${endpoint(f.vip, 80)} -r ${endpoint(f.servers[0], 80)} -b -w 0
      ipvsadm -C
      dpip addr del ${f.vip}/${f.hostPlen} dev test0
      dpip addr add ${other}/${f.hostPlen} dev test0`;
    const good = [...itemsOf(c.transport, changes), ...withoutAddresses(itemsOf(c.transport, service(f, 81, 1, 1)))];
    const bad = itemsOf(c.transport, `ipvsadm -a -t ${endpoint(f.vip, 82)} -r ${endpoint(f.servers[0], 80)} -b\nipvsadm -Z`);

    const dry = what === 'a dry run';
    const result = runBatch(c.transport, dry ? good : [...good, ...bad], dry ? { dryRun: true } : atomic);

    expect(result.committed).toBe(false);
    expect(result.applied).toBe(dry ? good.length : 0);
    expect([...result.codes]).toEqual([...good.map(() => 0), ...(dry ? [] : [EDPVS.EDPVS_INVAL, BATCH_SKIPPED])]);
    expect(picture(c)).toBe(before);
    // No packet told anybody of the address, then or later.
    c.settle({ timers: true });
    c.warp(3000);
    c.expectNothing();
    t.clientSends(data, { ...data, seq: data.seq + t.delta });
    t.serverSends({ ...answer, ack: data.seq + t.delta }, { ...answer, ack: data.seq });
    expect(startConnection(c, f, 80, 3001).state()).toBe('TCP_EST');
    c.expectDrops({ local_no_service: 1 }, () => c.send(CLIENTS, syn(f, 3002, 81)));
  });

  test('addresses, service and local address in one batch', async () => {
    const c = await startWorld(f);
    const vip = f.vip.replace(/100$/, '101');
    const lip = f.lip.replace(/200$/, '201');
    const word = `-t ${endpoint(vip, 80)}`;
    const items = itemsOf(c.transport, `
      dpip addr add ${vip}/${f.hostPlen} dev test0
      ipvsadm -A ${word} -s rr
      ipvsadm -P ${word} -z ${lip} -F test1
      ipvsadm -a ${word} -r ${endpoint(f.servers[2], 80)} -b`);
    expect(runBatch(c.transport, items, atomic)).toMatchObject({ committed: true, applied: 5 });
    quieten(c, f);
    c.send(CLIENTS, syn(f, 3000, 80, vip));
    const fields = dissect(c.collectOne(SERVERS));
    expect(fields.get('ip.src')).toBe(ipText(ipBytes(lip)));
    expect(fields.get('ip.dst')).toBe(ipText(ipBytes(f.servers[2])));
  });

  test('as many as go', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: 80 });
    const items = withoutAddresses(itemsOf(c.transport, `${service(f, 80, 0, 1)} ${service(f, 81, 1, 1)}`));
    const result = runBatch(c.transport, items, {});
    const { EDPVS_EXIST } = EDPVS;
    expect([...result.codes]).toEqual([EDPVS_EXIST, EDPVS_EXIST, EDPVS_EXIST, 0, 0, 0]);
    expect(result).toMatchObject({ committed: true, applied: 3, failed: 3, firstFailed: 0 });
    expect(startConnection(c, f, 81, 3002, CLIENT_ISN, 1).state()).toBe('TCP_EST');
  });
});
