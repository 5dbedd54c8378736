// The suite of the second driver that nobody here wrote: iPXE, which polls, uses legacy receive descriptors and waits for no one.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../rig/children.js';
import { hold, same } from '../rig/report.js';

/** @import { Lab } from '../rig/lab.js' */

export const ipxe = {
  name: 'ipxe',
  covers: 'iPXE: finds the NIC, gets an address by DHCP, fetches a script of 100 KB by TFTP and runs it',
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const files = join(lab.folder, 'files');
    mkdirSync(files);
    // Each line is random, and the last one speaks: a byte that is lost or wrong breaks the script's end or its length.
    const word = randomBytes(8).toString('hex');
    const filling = Array.from({ length: 1000 }, () => `# ${randomBytes(50).toString('hex')}`);
    const script = ['#!ipxe', 'echo', ...filling, `echo fetched ${word}`, 'ifstat', 'shell', ''].join('\n');
    writeFileSync(join(files, 'check.ipxe'), script);
    const first = join(lab.folder, 'first.ipxe');
    const steps = [
      'ifstat',
      'ifopen net0',
      'dhcp net0',
      'route',
      'ifstat',
      'imgfetch --name check tftp://10.0.2.2/check.ipxe',
      'imgstat',
      'chain check',
    ];
    writeFileSync(
      first,
      [
        '#!ipxe',
        'echo',
        ...steps.map((step) => `${step} || goto failed`),
        ':failed',
        'echo step failed',
        'shell',
        '',
      ].join('\n'),
    );

    const { devices } = await lab.nics({ wire: 'responder', files });
    const words = [
      ...[lab.thirdParty.qemu, '-nodefaults', '-display', 'none', '-no-reboot', '-monitor', 'none', '-serial', 'stdio'],
      ...['-run-with', 'exit-with-parent=on'],
      ...['-machine', 'q35,accel=tcg,memory-backend=memory,graphics=off', '-m', '256'],
      ...['-object', 'memory-backend-memfd,id=memory,size=256M,share=on'],
      ...['-kernel', lab.thirdParty.ipxe, '-initrd', first, ...devices],
    ];
    const qemu = new Child('iPXE', words, { log: join(lab.logs, 'guest.console') });
    try {
      await report.check('probe: iPXE finds the NIC', async () => {
        const { match } = await qemu.expect(/net0: ([0-9a-f:]{17}) using (\S+) on/, 200);
        hold(match[1] !== '00:00:00:00:00:00', `expected an address, got ${match[1]}`);
        report.note(`iPXE's driver is ${match[2]}`);
      });
      await report.check('link and DHCP: an address', async () => {
        const { match } = await qemu.expect(/net0: (\d+\.\d+\.\d+\.\d+)\/255\.255\.255\.0 gw 10\.0\.2\.2/, 200);
        same('address', match[1], '10.0.2.15');
      });
      await report.check('TFTP: a script of 100 KB arrives whole, and runs', async () => {
        const { match } = await qemu.expect(/check : (\d+) bytes|step failed/, 200);
        same('bytes', Number(match[1]), script.length);
        await qemu.expect(new RegExp(`fetched ${word}`), 200);
      });
      await report.check('no frame was received wrong', async () => {
        const { match } = await qemu.expect(/TX:(\d+) TXE:(\d+) RX:(\d+) RXE:(\d+)/, 200);
        const [sent, sentWrong, received, receivedWrong] = match.slice(1).map(Number);
        hold(Number(sent) > 20 && Number(received) > 20, `expected frames both ways, got ${sent} and ${received}`);
        same('errors', [sentWrong, receivedWrong], [0, 0]);
      });
    } finally {
      await qemu.stop(1);
    }
  },
};
