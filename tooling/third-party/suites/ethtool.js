// What ethtool asks and sets, and what sensible answers are. The settings are followed by traffic, which must still be right.
import { hold, same, settled } from '../rig/report.js';
import { statistics } from '../rig/answers.js';

/** @import { Answer } from '../rig/answers.js' */
/** @import { Guest } from '../rig/guest.js' */
/** @import { Report } from '../rig/report.js' */

const echo = 'until_true has_carrier eth0; ping -c 3 -i 0.2 -W 60 "$(cat /tmp/router)"';

/**
 * Every question and setting that needs one NIC alone.
 * @param {Report} report
 * @param {Guest} guest
 */
export async function ask(report, guest) {
  /** @type {(name: string, script: string, ...expected: RegExp[]) => Promise<boolean>} */
  const answers = (name, script, ...expected) =>
    report.check(name, async () => {
      const text = await guest.run(script);
      for (const pattern of expected) hold(pattern.test(text), `expected ${String(pattern)}, got\n${text}`);
    });

  await report.check('ethtool -S: packets and bytes counted, no errors', async () => {
    const before = await statistics(guest, 'eth0');
    await guest.run('ping -c 10 -i 0.05 -s 100 -W 60 "$(cat /tmp/router)"');
    // The NIC counts what it sent, the driver what it was told is sent.
    const isEven = (/** @type {Answer} */ answer) =>
      ['rx', 'tx'].every((way) => moreIn(answer, `${way}_packets`) === moreIn(answer, `${way}_queue_0_packets`));
    const moreIn = (/** @type {Answer} */ answer, /** @type {string} */ name) => answer.get(name) - before.get(name);
    const after = await settled(10, () => statistics(guest, 'eth0'), isEven);
    const more = (/** @type {string} */ name) => moreIn(after, name);
    for (const way of ['rx', 'tx']) {
      const packets = more(`${way}_packets`);
      const bytes = more(`${way}_bytes`);
      hold(packets >= 10 && packets < 30, `${way}_packets: expected 10 to 30 more for ten echoes, got ${packets}`);
      // 142 bytes of frame and 4 of checksum an echo.
      hold(bytes >= 1420 && bytes < 4000, `${way}_bytes: expected 1460 or a little more, got ${bytes}`);
      same(`${way}_queue_0_packets`, more(`${way}_queue_0_packets`), packets);
    }
    const errors = after.matching(/error|drop|fifo|missed|timeout|csum_err|failed/).filter(([, value]) => value !== 0);
    same('errors', errors, []);
  });
  await answers('ethtool -i: driver and place', 'ethtool -i eth0', /^driver: igb$/m, /^bus-info: 0000:01:00\.0$/m);
  await answers(
    'ethtool -g: ring sizes',
    'ethtool -g eth0',
    /maximums:\nRX:\t+4096[^]*TX:\t+4096[^]*settings:\nRX:\t+256[^]*TX:\t+256/,
  );
  await answers(
    'ethtool -G: 512 and 1024, with traffic',
    `ethtool -G eth0 rx 512 tx 1024 && ethtool -g eth0 && ${echo}`,
    /settings:\nRX:\t+512[^]*TX:\t+1024/,
    /0% packet loss/,
  );
  await answers(
    'ethtool -G: 80, the smallest, and 4096, the largest',
    `ethtool -G eth0 rx 80 tx 80 && ${echo} && ethtool -G eth0 rx 4096 tx 4096 && ${echo}`,
    /0% packet loss[^]*0% packet loss/,
  );
  await answers('ethtool -l: channels', 'ethtool -l eth0', /Combined:\t+8\n[^]*Combined:\t+1$/m);
  await answers('ethtool -x: the table of 128 places', 'ethtool -x eth0', /with 1 RX ring/, /^ {2}120:(?: +0){8}$/m);
  await answers(
    'ethtool -k: the offloads that the 82576 has',
    'ethtool -k eth0',
    /^rx-checksumming: on$/m,
    /tx-checksum-ip-generic: on/,
    /tx-checksum-sctp: on/,
    /tx-tcp-segmentation: on/,
    /tx-tcp6-segmentation: on/,
    /tx-udp-segmentation: on/,
    /rx-vlan-offload: on/,
    /tx-vlan-offload: on/,
  );
  await answers(
    'ethtool -K: every offload off and on again, with traffic',
    `ethtool -K eth0 rx off tx off tso off gso off gro off rxvlan off txvlan off && ${echo} && ethtool -K eth0 rx on tx on tso on gso on gro on rxvlan on txvlan on && ${echo}`,
    /0% packet loss[^]*0% packet loss/,
  );
  await answers(
    'ethtool -c and -C: coalescing',
    `ethtool -c eth0 && ethtool -C eth0 rx-usecs 100 && ethtool -c eth0 && ${echo} && ethtool -C eth0 rx-usecs 3`,
    /^rx-usecs:\s+3$/m,
    /^rx-usecs:\s+100$/m,
    /0% packet loss/,
  );
  await answers(
    'ethtool -a and -A: pause',
    `ethtool -a eth0 && ethtool -A eth0 autoneg off rx off tx off && ethtool -a eth0 && ${echo} && ethtool -A eth0 autoneg on rx on tx on && ${echo}`,
    /Autonegotiate:\ton[^]*Autonegotiate:\toff\nRX:\t+off/,
    /0% packet loss[^]*0% packet loss/,
  );
  await answers(
    'ethtool -d: registers, decoded',
    'ethtool -d eth0',
    /CTRL .*0x[0-9A-F]{8}/i,
    /STATUS .*0x[0-9A-F]{8}/i,
    /RCTL .*0x[0-9A-F]{8}/i,
    /TCTL .*0x[0-9A-F]{8}/i,
    /Link up:\s+link config|link up/i,
  );
  await report.check('ethtool -e: the EEPROM, with its sum and our address', async () => {
    const text = await guest.run('ethtool -e eth0 raw off offset 0 length 128; cat /sys/class/net/eth0/address');
    const bytes = [...text.matchAll(/^0x[0-9a-f]+:\s+((?:[0-9a-f]{2} ?)+)/gm)].flatMap(([, row = '']) =>
      row.trim().split(' '),
    );
    same('bytes', bytes.length, 128);
    hold(
      text.trim().endsWith(bytes.slice(0, 6).join(':')),
      `expected the address in the first six bytes, got\n${text}`,
    );
    const words = Array.from({ length: 64 }, (_, at) => parseInt(`${bytes[2 * at + 1]}${bytes[2 * at]}`, 16));
    same(
      'sum of the words',
      words.reduce((sum, word) => (sum + word) & 0xffff, 0),
      0xbaba,
    );
  });
  await answers(
    'ethtool -E: a byte of the EEPROM is written, and written back',
    [
      'byte() { ethtool -e eth0 raw on offset 0x30 length 1 | od -An -tx1 | tr -d " "; }',
      'old=$(byte) && new=$((0x$old ^ 0x5a))',
      'ethtool -E eth0 magic 0x10c98086 offset 0x30 length 1 value $new && test "$((0x$(byte)))" = "$new" || exit 1',
      'ethtool -E eth0 magic 0x10c98086 offset 0x30 length 1 value "0x$old" && test "$(byte)" = "$old" && echo equal',
    ].join('\n'),
    /equal/,
  );
  await answers(
    "the NIC's clock runs as fast as Linux's",
    'perl /guest/nic-clock.pl',
    /^ratio (?:0\.9[5-9]|1\.0[0-4])/m,
  );
  await answers(
    'ethtool -T: time stamps and a clock',
    'ethtool -T eth0',
    /hardware-transmit/,
    /hardware-receive/,
    /(?:PTP Hardware Clock|Hardware timestamp provider index): 0/,
  );
  await answers(
    'ethtool -s: 100 Mb/s, and back',
    `ethtool -s eth0 advertise 0x008 && sleep 1 && until_true has_carrier eth0 && ethtool eth0 && ${echo} && ethtool -s eth0 advertise 0x02f && sleep 1 && until_true has_carrier eth0 && ethtool eth0`,
    /Speed: 100Mb\/s[^]*0% packet loss[^]*Speed: 1000Mb\/s/,
  );
  const linked = 'sleep 1 && until_true has_carrier eth0 && ethtool eth0';
  await answers(
    'ethtool -s: 100 Mb/s without negotiation, and back',
    `ethtool -s eth0 autoneg off speed 100 duplex full && ${linked} && ${echo} && ethtool -s eth0 autoneg on && ${linked}`,
    /Speed: 100Mb\/s\n\s*Duplex: Full\n\s*Auto-negotiation: off[^]*0% packet loss[^]*Speed: 1000Mb\/s/,
  );
  await answers('ethtool -r: negotiates again', `ethtool -r eth0 && sleep 1 && ${echo}`, /0% packet loss/);
  await answers('ethtool -p: the light blinks', 'ethtool -p eth0 1');
}
