/* The README's tables say of every register and every feature whether it is modelled, and who judges it. */

import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import { Nic82576 } from '../src/index.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The rows of the first table under a heading, as cells. */
function tableUnder(heading: string): string[][] {
  const section = readme.slice(readme.indexOf(`${heading}\n`)).split('\n');
  const first = section.findIndex((line) => line.startsWith('|'));
  const rows = section.slice(first + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const features = tableUnder('## Registers and features');
const registers = tableUnder('### Every register');

describe('the table of registers', () => {
  it('names every register once, and no other', () => {
    const named = registers.flatMap(([names = '']) => names.split(', '));
    expect(named.filter((name, index) => named.indexOf(name) !== index)).toEqual([]);
    expect([...named].sort()).toEqual(Object.keys(REGISTERS).sort());
  });

  it('says of each whether it is modelled, and who judges it', () => {
    for (const [names, modelled, judge] of registers) {
      expect(modelled, names).toMatch(/^(yes|counted|fixed|latches|read 0)/);
      expect(judge, names).toMatch(/fuzz|unit/);
    }
  });

  it('says that what reads 0 does, whatever is written', () => {
    const machine = new Machine();
    for (const [names = '', modelled] of registers) {
      if (modelled !== 'read 0') continue;
      for (const name of names.split(', ')) {
        const register = REGISTERS[name as keyof typeof REGISTERS];
        machine.write(register, 0xffff_ffff);
        expect(machine.read(register), name).toBe(0);
      }
    }
  });
});

describe('the table of features', () => {
  it('has a judge for all that is modelled, and none for the rest', () => {
    expect(features.length).toBeGreaterThan(40);
    for (const [feature, , modelled = '', judge = ''] of features) {
      expect(modelled, feature).toMatch(/^(yes|fixed|Not modelled)/);
      expect(judge === '-', feature).toBe(modelled.startsWith('Not modelled') && !judge.includes('unit'));
    }
  });

  it('names what is outside', () => {
    const outside = features
      .filter(([, , modelled]) => modelled?.startsWith('Not modelled'))
      .flat()
      .join(' ');
    for (const name of ['SR-IOV', 'VMDq', 'IPsec', 'DCA']) expect(outside).toContain(name);
    expect(readme).toContain('SerDes');
    expect(readme).toContain('no management');
  });
});

it('the examples in the README run, and print what they should', () => {
  const printed: unknown[][] = [];
  const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, block = '']) => block.replace(/^import .*$/gm, ''));
  expect(blocks).toHaveLength(2);
  const names = { BAR, enableDevice, HostBridge, IdentityMap, Link, Nic82576, REGISTERS, VirtualClock };
  runInNewContext(`${blocks[0] ?? ''}\nconst nic = a;\n${blocks[1] ?? ''}\nconsole.log(fault.active);`, {
    ...names,
    console: { log: (...values: unknown[]) => printed.push(values) },
  });
  expect(printed[0]?.[0]).toBe(true);
  expect(String(printed[0]?.[1]).split('\n')[1]).toBe(
    'STATUS @00008 = 80080483  FD LU SPEED=0x2 PHYRA GIO_MASTER_ENABLE',
  );
  expect(printed[1]).toEqual([false]);
});

it('the kinds of faults in the README are those that there are', () => {
  const kinds = tableUnder('### Faults on demand').map(([kind = '']) => kind.replaceAll('`', ''));
  const source = readFileSync(new URL('../src/fault.ts', import.meta.url), 'utf8');
  const known = [...source.matchAll(/readonly kind: '(\w+)'/g)].map(([, kind]) => kind);
  expect([...kinds].sort()).toEqual(known.sort());
});
