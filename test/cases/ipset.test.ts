// SPDX-License-Identifier: Apache-2.0
// Sets as dpip makes them, and deny and allow lists that refer to them.
import { describe, expect, test } from 'vitest';
import { stopDaemonsAfterEach, type Case } from '../harness/case';
import { tcp, udp } from '../harness/frames';
import { CLIENTS, configureService, endpoint, families, fromClient, SERVERS, startWorld, v4, type Family } from './topology';
import { CLIENT_ISN, RS_ISN, startConnection } from './tcp-connection';

stopDaemonsAfterEach();

const PORT = 80;
const DNS = 53;

interface Verdict {
  readonly drop?: 'deny_list' | 'allow_list';
}

/** A new client port of the client gets through, or does not. */
function tryUdp(c: Case, f: Family, sport: number, { drop }: Verdict = {}): void {
  c.expectDrops(drop === undefined ? {} : { [drop]: 1 }, () => c.send(CLIENTS, fromClient(f, udp({ sport, dport: DNS }))));
  expect(c.collect(SERVERS)).toHaveLength(drop === undefined ? 1 : 0);
}

describe.each(families)('$name', (f) => {
  const six = f.name === 'IPv6' ? '-6 ' : '';
  const network = f.name === 'IPv4' ? '10.0.0.0/24' : '2001:db8::/64';
  const service = endpoint(f.vip, PORT);
  const dns = endpoint(f.vip, DNS);

  test('DPL-063 a denied set: new and established connections stop, and go on', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'tcp', port: PORT });
    c.run(`
      dpip ${six}ipset create bad hash:net
      ipvsadm -U -t ${service} -k ipset:bad`);
    const t = startConnection(c, f, PORT, 7000);
    const data = { seq: CLIENT_ISN + 1, ack: RS_ISN + 1, flags: 'PA', payload: 'x' };
    const send = (): void => c.send(CLIENTS, fromClient(f, tcp({ ...t.client, ...data })));
    c.expectDrops({}, send);
    c.collectOne(SERVERS);
    c.run(`dpip ipset add bad ${network}`);
    c.expectDrops({ deny_list: 1 }, send);
    c.expectDrops({ deny_list: 1 }, () => c.send(CLIENTS, fromClient(f, tcp({ sport: 7001, dport: PORT, seq: 1, flags: 'S' }))));
    c.expectNothing();
    // The client alone is excepted from its network.
    c.run(`dpip ipset add bad ${f.client} nomatch`);
    c.expectDrops({}, send);
    c.collectOne(SERVERS);
    expect(c.command('ipvsadm -B').stdout).toContain('ipset:bad');
    expect(c.command('ipvsadm -S -n').stdout).toContain(`-U -t ${service} -k ipset:bad`);
  });

  test('DPL-064 allow lists: addresses or sets that have the client', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    const other = f.name === 'IPv4' ? '10.9.9.9' : '2001:db8:9::9';
    tryUdp(c, f, 1);
    c.run(`
      dpip ${six}ipset create good hash:ip,port
      ipvsadm -O -u ${dns} -2 ipset:good`);
    tryUdp(c, f, 2, { drop: 'allow_list' });
    c.run(`dpip ipset add good ${f.client},udp:3-4`);
    tryUdp(c, f, 3);
    tryUdp(c, f, 4);
    tryUdp(c, f, 5, { drop: 'allow_list' });
    c.run(`ipvsadm -O -u ${dns} -2 ${other}`);
    tryUdp(c, f, 3);
    tryUdp(c, f, 6, { drop: 'allow_list' });
    c.run(`ipvsadm -O -u ${dns} -2 ${f.client}`);
    tryUdp(c, f, 6);
  });

  test('DPL-063 sets with two addresses look at the destination as well', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    c.run(`
      dpip ${six}ipset create pairs hash:ip,port,ip
      dpip ipset add pairs ${f.client},udp:${DNS},${f.vip}
      ipvsadm -U -u ${dns} -k ipset:pairs`);
    tryUdp(c, f, 1, { drop: 'deny_list' });
    c.run(`
      dpip ipset del pairs ${f.client},udp:${DNS},${f.vip}
      dpip ipset add pairs ${f.client},udp:${DNS},${f.client}`);
    tryUdp(c, f, 1);
  });

  test('DPL-063 DPL-064 one burst for services with different lists: each packet has its own verdict', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: 53 });
    configureService(c, f, { proto: 'udp', port: 54 });
    configureService(c, f, { proto: 'udp', port: 55 });
    c.run(`
      dpip ${six}ipset create odd hash:ip,port
      dpip ipset add odd ${f.client},udp:1
      dpip ipset add odd ${f.client},udp:3
      dpip ${six}ipset create low hash:net,port
      dpip ipset add low ${network},udp:1-2
      ipvsadm -U -u ${endpoint(f.vip, 53)} -k ipset:odd
      ipvsadm -O -u ${endpoint(f.vip, 54)} -2 ipset:low`);
    const frames = [1, 2, 3, 4].flatMap((sport) => [53, 54, 55].map((dport) => fromClient(f, udp({ sport, dport, payload: `${sport} to ${dport}` }))));
    c.expectDrops({ deny_list: 2, allow_list: 2 }, () => c.send(CLIENTS, ...frames));
    const passed = c.collect(SERVERS).map((frame) => frame.toString('latin1').match(/\d to \d+/)?.[0]);
    expect(passed.sort()).toEqual(['1 to 54', '1 to 55', '2 to 53', '2 to 54', '2 to 55', '3 to 55', '4 to 53', '4 to 55']);
  });

  test('a set in use stays; lists that go let it go', async () => {
    const c = await startWorld(f);
    configureService(c, f, { proto: 'udp', port: DNS });
    c.run(`
      dpip ${six}ipset create used hash:ip
      ipvsadm -U -u ${dns} -k ipset:used`);
    expect(c.output('dpip ipset show used')).toContain('References: 1');
    expect(c.command('dpip ipset destroy used')).toMatchObject({ status: 1 });
    c.run(`
      ipvsadm -D -u ${dns}
      dpip ipset destroy used`);
    expect(c.command('dpip ipset show used').status).toBe(1);
    expect(c.command(`ipvsadm -U -u ${dns} -k ipset:used`).status).not.toBe(0);
  });
});

test('members of a device only', async () => {
  const c = await startWorld(v4);
  configureService(c, v4, { proto: 'udp', port: DNS });
  c.run(`
    dpip ipset create here hash:net,port,iface
    dpip ipset add here 10.0.0.0/24,udp:0-100,test1
    ipvsadm -O -u ${endpoint(v4.vip, DNS)} -2 ipset:here`);
  tryUdp(c, v4, 7, { drop: 'allow_list' });
  c.run('dpip ipset add here 10.0.0.0/24,udp:0-100,test0');
  tryUdp(c, v4, 7);
  tryUdp(c, v4, 7);
  tryUdp(c, v4, 101, { drop: 'allow_list' });
});

test('what is refused changes nothing', async () => {
  const c = await startWorld(v4);
  c.run(`
    dpip ipset create small hash:ip maxelem 3
    dpip ipset add small 1.1.1.1`);
  const before = c.output('dpip ipset show');
  for (const line of [
    'dpip ipset create small hash:ip',
    'dpip ipset add small 1.1.1.0-1.1.1.1',
    'dpip ipset add small 1.1.1.4-1.1.1.6',
    'dpip ipset add small ::1',
    'dpip ipset del small 1.1.1.1-1.1.1.2',
    'dpip ipset add nonesuch 1.1.1.1',
    'dpip ipset create wide bitmap:ip range 10.0.0.0/8',
  ]) {
    expect([line, c.command(line).status]).toEqual([line, 1]);
    expect(c.output('dpip ipset show')).toBe(before);
  }
  c.run('dpip -F ipset add small 1.1.1.0-1.1.1.1 comment anew');
  expect(c.output('dpip ipset show small').split('\n').slice(5, 9).map((line) => line.trim())).toEqual(['Number of entries: 2', 'Members:', '1.1.1.1', '1.1.1.0']);
  c.run('dpip ipset flush small');
  expect(c.output('dpip ipset show small')).toContain('Number of entries: 0');
});

test('bitmaps hold what their range covers', async () => {
  const c = await startWorld(v4);
  c.run(`
    dpip ipset create map bitmap:ip,mac range 192.168.0.0/16 comment
    dpip ipset add map 192.168.0.1,02:00:00:00:00:01 comment printer
    dpip ipset add map 192.168.0.2
    dpip ipset create doors bitmap:port range 100-200
    dpip ipset add doors tcp:110-120`);
  expect(c.output('dpip ipset show map')).toBe(`Name: map
Type: bitmap:ip,mac
Header: range 192.168.0.0/16  comment
Size in memory: ${/memory: (\d+)/.exec(c.output('dpip ipset show map'))?.[1] ?? ''}
References: 0
Number of entries: 2
Members:
192.168.0.1,02:00:00:00:00:01  comment "printer"
192.168.0.2

`);
  expect(c.command('dpip ipset add map 192.169.0.1').status).toBe(1);
  const tests = ['doors tcp:110', 'doors udp:110', 'doors tcp:121', 'map 192.168.0.2', 'map 192.168.0.3', 'map 192.168.0.1', 'map 192.168.0.1,02:00:00:00:00:01'];
  expect(tests.map((entry) => c.output(`dpip ipset test ${entry}`).trim())).toEqual(['true', 'false', 'false', 'true', 'false', 'false', 'true']);
});
