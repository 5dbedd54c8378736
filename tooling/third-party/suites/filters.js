// What a NIC must not hand to its driver, and must when asked: other addresses, other VLANs; and VLAN tags put in and taken out.
import { statistics } from '../rig/answers.js';
import { hold, settled } from '../rig/report.js';

/** @import { Guest } from '../rig/guest.js' */
/** @import { Report } from '../rig/report.js' */

/** So many frames are sent, and as many as these may be Linux's own: neighbours and groups are asked about at its own times. */
const [SENT, OTHERS] = [60, 30];

/**
 * Sends echoes that nobody answers from b, and counts what a's driver received meanwhile.
 * @param {Guest} guest
 * @param {string} device at b
 * @param {string} to an address that nobody has
 */
async function receivedOf(guest, device, to) {
  const received = async () => {
    const rings = (await statistics(guest, 'eth0', 'a')).matching(/^rx_queue_\d+_packets$/);
    return rings.reduce((sum, [, value]) => sum + value, 0);
  };
  const before = await received();
  await guest.attempt(`on b ping -c ${SENT} -i 0.02 -W 1 -I ${device} ${to}`);
  // What is answered came after them: the NIC has made up its mind about each.
  await guest.run('on b ping -c 1 -W 60 192.0.2.1');
  let last = NaN;
  const count = await settled(10, received, (now) => {
    const isQuiet = now === last;
    last = now;
    return isQuiet;
  });
  return count - before;
}

/**
 * Sends lots of streams until their spread over the queues is right. The key of the hash is drawn by Linux when it boots: the
 * sixteen flows of a lot share a queue once in 30,000 times, and those of the next, with other ports, need not.
 * @template T
 * @param {number} lots at most
 * @param {(answer: T) => boolean} isRight
 * @param {() => Promise<T>} send a lot
 * @returns {Promise<T>} the last answer, right or not
 */
export async function moreUntil(lots, isRight, send) {
  for (let lot = 1; ; lot++) {
    const answer = await send();
    if (isRight(answer) || lot === lots) return answer;
  }
}

/**
 * @param {string} what was sent
 * @param {number} received
 */
const none = (what, received) => hold(received < OTHERS, `expected none of ${SENT} frames ${what}, got ${received}`);

/**
 * @param {string} what was sent
 * @param {number} received
 */
const all = (what, received) =>
  hold(received >= SENT && received < SENT + OTHERS, `expected ${SENT} frames ${what}, got ${received}`);

/**
 * @param {Report} report
 * @param {Guest} guest
 */
export async function filters(report, guest) {
  await report.check("promiscuous mode: another's frames only when asked for", async () => {
    await guest.run('on b ip neighbour replace 192.0.2.9 lladdr 02:00:00:00:00:99 dev eth1 nud permanent');
    const plain = await receivedOf(guest, 'eth1', '192.0.2.9');
    none('to another address', plain);
    await guest.run('on a ip link set eth0 promisc on');
    const promiscuous = await receivedOf(guest, 'eth1', '192.0.2.9');
    all('to another address, promiscuous', promiscuous);
    await guest.run('on a ip link set eth0 promisc off');
    const again = await receivedOf(guest, 'eth1', '192.0.2.9');
    none('to another address, promiscuous mode off again', again);
  });

  await report.check('multicast: a group only while it is joined', async () => {
    const strange = await receivedOf(guest, 'eth1', '224.0.0.119');
    none('to a group that nobody joined', strange);
    await guest.run('on a ip maddress add 01:00:5e:00:00:77 dev eth0');
    const joined = await receivedOf(guest, 'eth1', '224.0.0.119');
    all('to a group that was joined', joined);
    await guest.run('on a ip maddress del 01:00:5e:00:00:77 dev eth0');
    const left = await receivedOf(guest, 'eth1', '224.0.0.119');
    none('to a group that was left', left);
  });

  await report.check('VLAN: tags put in and taken out by the NIC, streams by TSO right', async () => {
    const device = (/** @type {string} */ namespace, /** @type {string} */ name, /** @type {number} */ number) =>
      [
        `on ${namespace} ip link add link ${name} name ${name}.100 type vlan id 100`,
        `on ${namespace} ip address add 198.51.100.${number}/24 dev ${name}.100`,
        `on ${namespace} ip link set ${name}.100 up`,
      ].join(' && ');
    await guest.run(`modprobe 8021q && ${device('a', 'eth0', 1)} && ${device('b', 'eth1', 2)}`);
    const text = await guest.run(
      'on a ping -c 5 -i 0.1 -W 60 198.51.100.2 && streams 6 198.51.100.1 198.51.100.2 2 1024',
    );
    hold(text.includes('5 packets received, 0% packet loss'), text);
  });

  await report.check('VLAN tags by software, with the NIC told to keep out: still right', async () => {
    await guest.run('on a ethtool -K eth0 rxvlan off txvlan off && on b ethtool -K eth1 rxvlan off txvlan off');
    await guest.run(
      'until_true carrier_in a eth0 1; until_true carrier_in b eth1 1; streams 6 198.51.100.1 198.51.100.2 1 256',
    );
    await guest.run('on a ethtool -K eth0 rxvlan on txvlan on && on b ethtool -K eth1 rxvlan on txvlan on');
    await guest.run(
      'until_true carrier_in a eth0 1; until_true carrier_in b eth1 1; on a ping -c 3 -i 0.1 -W 60 198.51.100.2',
    );
  });

  await report.check('VLAN filter: frames of a VLAN that nobody joined are not received', async () => {
    const strange = [
      'on b ip link add link eth1 name eth1.200 type vlan id 200 && on b ip link set eth1.200 up',
      'on b ip address add 203.0.113.2/24 dev eth1.200',
      'on b ip neighbour replace 203.0.113.1 lladdr "$(on a cat /sys/class/net/eth0/address)" dev eth1.200 nud permanent',
    ].join(' && ');
    await guest.run(strange);
    const plain = await receivedOf(guest, 'eth1.200', '203.0.113.1');
    none('of VLAN 200', plain);
    await guest.run('on a ip link set eth0 promisc on');
    const promiscuous = await receivedOf(guest, 'eth1.200', '203.0.113.1');
    all('of VLAN 200, promiscuous', promiscuous);
    await guest.run('on a ip link set eth0 promisc off && on b ip link delete eth1.200');
    await guest.run('on a ip link delete eth0.100 && on b ip link delete eth1.100');
  });

  await report.check('channels and the RSS table: one queue, both, one half each', async () => {
    /** @type {(setting: string, isRight?: (received: number[]) => boolean) => Promise<number[]>} */
    const share = async (setting, isRight = () => true) => {
      await guest.run(`on a ${setting} && until_true carrier_in a eth0 1`);
      const before = await statistics(guest, 'eth0', 'a');
      return moreUntil(3, isRight, async () => {
        await guest.run('streams 6 192.0.2.1 192.0.2.2 8 256');
        const after = await statistics(guest, 'eth0', 'a');
        const names = after.matching(/^rx_queue_\d+_packets$/).map(([name]) => name);
        return names.map((name) => after.get(name) - before.get(name));
      });
    };
    const isSpread = (/** @type {number[]} */ received) => Math.min(...received) >= 10;
    const table = async () => guest.run('on a ethtool -x eth0');
    const one = await share('ethtool -X eth0 weight 0 1');
    // What has no hash, such as ARP, comes in queue 0 whatever the table says.
    hold(
      (one[0] ?? NaN) < 10 && (one[1] ?? 0) > 100,
      `weights 0 and 1: expected queue 1 alone, got ${one.join(' and ')}`,
    );
    const text = await table();
    hold(/^ {2}120:(?: +1){8}$/m.test(text), `expected the table to name queue 1 alone, got\n${text}`);
    const both = await share('ethtool -X eth0 equal 2', isSpread);
    hold(isSpread(both), `equal 2: expected both queues in use, got ${both.join(' and ')}`);
    const single = await share('ethtool -X eth0 default && on a ethtool -L eth0 combined 1');
    hold(single.length === 1 && (single[0] ?? 0) > 100, `one channel: expected one queue, got ${single.join(' and ')}`);
    const again = await share('ethtool -L eth0 combined 2', isSpread);
    hold(isSpread(again), `two channels: expected both queues in use, got ${again.join(' and ')}`);
  });
}
