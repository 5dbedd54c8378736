/*
 * Owns: the outcome of a replay as a table and a verdict, for people.
 * Invariant: what is zero and would be bad is shown as zero; what is zero and says nothing is left out.
 */
import { linkTypeName } from '@netcx/pcap';
import { createColors } from 'picocolors';
import { drawTable } from '../table.ts';
import type { ReplayOutcome } from './outcome.ts';
import type { FrameOrigin } from './source.ts';

const grouped = (value: number): string => value.toLocaleString('en-US');
const counted = (value: number, what: string): string => `${grouped(value)} ${what}${value === 1 ? '' : 's'}`;

/**
 * @param outcome - of a replay
 * @param colour - whether to use colours
 * @param width - columns of the terminal; `undefined` where there is none
 * @returns the table, the verdict, and what else there is to say
 */
export function reportAsTable(outcome: ReplayOutcome, colour: boolean, width?: number): string {
  const paint = createColors(colour);
  const { report, inputs, output, verification, interrupted } = outcome;
  const lines = [drawTable(rows(outcome), { aligns: ['left', 'right', 'left'], width })];
  if (interrupted) lines.push(paint.yellow('Ended by you; this is what was read before.'));
  lines.push((report.ok ? paint.green : paint.red)(outcome.verdict));
  for (const { origin, what } of outcome.differences)
    lines.push(`  ${origin === undefined ? '' : `${place(origin)}: `}${what}`);
  for (const { input, cut, fcsStripped, otherLinkTypes } of inputs) {
    if (cut > 0) lines.push(`${input.name}: ${counted(cut, 'frame')} cut by the capture, replayed as far as captured`);
    if (fcsStripped > 0)
      lines.push(
        `${input.name}: frame check sequences taken off ${counted(fcsStripped, 'frame')}; the NIC makes its own`,
      );
    for (const [type, count] of otherLinkTypes)
      lines.push(`${input.name}: ${counted(count, 'packet')} of link type ${linkTypeName(type)} left out`);
  }
  if (output.problem === undefined)
    lines.push(`Written to ${output.name}: ${counted(output.frames, 'frame')}, in the machine's time.`);
  if (verification !== undefined) {
    const { compared, mismatch, irreproducible } = verification;
    const read =
      mismatch ?? `${counted(compared, 'frame')} read back and compared with the captures, all as they must be`;
    const again = irreproducible ?? 'a second run gave the same counters and the same bytes';
    lines.push(
      (mismatch === undefined ? paint.green : paint.red)(
        `${mismatch === undefined ? 'Verified' : 'NOT VERIFIED'}: ${read}.`,
      ),
    );
    lines.push(
      (irreproducible === undefined ? paint.green : paint.red)(
        `${irreproducible === undefined ? 'Verified' : 'NOT VERIFIED'}: ${again}.`,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

type Row = [string, string, string];

function rows({ report, settings, inputs, framesPerSecond }: ReplayOutcome): Row[] {
  const { frames, unexpected, bytes, drops, interrupts, polls, buffers, virtualTime, wallTime, seed } = report;
  const times = settings.repeat > 1 ? `, ${settings.repeat} times` : '';
  const row = (name: string, value: number | string, remark = ''): Row => [
    name,
    typeof value === 'number' ? grouped(value) : value,
    remark,
  ];
  const unless0 = (name: string, value: number, remark?: string): Row[] =>
    value === 0 ? [] : [row(name, value, remark)];
  const dropped = Object.entries(drops);
  return [
    row('captures', inputs.length, `${named(inputs.map(({ input }) => input.name))}${times}`),
    row('frames', frames.read),
    row('  equal', frames.equal, 'each byte as it was captured'),
    ...unless0('  padded', frames.padded, 'to 60 bytes by the NIC, everything before as captured'),
    ...unless0('  too long', frames.tooLong, `more than the ${settings.mtu + 14} bytes that the NIC sends`),
    ...unless0('  empty', frames.empty, 'not a byte to send'),
    row('  lost', frames.lost),
    row('  altered', frames.altered),
    ...unless0('  reordered', frames.reordered),
    ...unless0('  unexpected', unexpected),
    row('bytes sent', bytes.sent),
    row('bytes received', bytes.received),
    row(
      'drops',
      dropped.reduce((sum, [, count]) => sum + count, 0),
    ),
    ...dropped.map(([reason, count]) => row(`  ${reason}`, count)),
    row('interrupts', interrupts),
    row('polls', polls),
    row('buffers in use', buffers.inUse, 'on receive rings, as they should be'),
    row('buffers leaked', buffers.leaked),
    row('machine time', `${(virtualTime / 1e9).toFixed(3)} s`, `seed ${seed}, timing ${settings.timing}`),
    row('frames per second', framesPerSecond, `${(wallTime / 1000).toFixed(2)} s in all`),
  ];
}

/** The first few of some names. */
function named(names: readonly string[]): string {
  const most = 2;
  const more = names.length > most ? ` and ${grouped(names.length - most)} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

function place({ file, pass, frame }: FrameOrigin): string {
  return `frame ${grouped(frame)} of ${file}${pass > 1 ? `, pass ${grouped(pass)}` : ''}`;
}
