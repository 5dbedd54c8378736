import { layers, sideOf } from '../rules/layers.js';
import { expect, it } from 'vitest';
import { type Case, check, workspace } from './rule-tester.ts';

const at = (file: string, code: string): Case => ({ filename: `${workspace}${file}`, code });
const failing = (file: string, code: string, messageId: string): Case => ({
  ...at(file, code),
  errors: [{ messageId }],
});

it('knows a side by the folder alone', () => {
  expect(sideOf('packages/nic-virtio')).toBe('device');
  expect(sideOf('packages/hardware')).toBe('device');
  expect(sideOf('packages/adapter')).toBe('driver');
  expect(sideOf('apps/toy-driver')).toBe('driver');
  expect(sideOf('packages/dma')).toBe('shared');
  expect(sideOf('packages/conformance')).toBe('open');
  expect(sideOf('apps/netcx')).toBe('open');
});

check('layers', layers, {
  valid: [
    at('packages/rings/src/text.ts', "import '@netcx/dma'; import 'node:fs'; import './memory.ts';"),
    at('apps/toy-driver/src/driver.ts', "export * from '@netcx/nic-99999/registers';"),
    at('apps/toy-driver/src/machine.ts', "import '@netcx/hardware'; import '@netcx/adapter';"),
    at('apps/toy-driver/test/machine.test.ts', "import '@netcx/hardware';"),
    at('packages/nic-99999/src/index.ts', "import '@netcx/hardware'; import '@netcx/nic-82576/registers';"),
    at('packages/nic-99999/src/registers/index.ts', "import '@netcx/layout'; import './table.ts';"),
  ],
  invalid: [
    failing('packages/rings/src/text.ts', "import '@netcx/hardware';", 'driver'),
    failing('packages/rings/src/text.ts', "import type { X } from '@netcx/nic-82576'; export type Y = X;", 'driver'),
    failing('packages/rings/src/text.ts', "export type Y = import('@netcx/hardware').X;", 'driver'),
    failing('packages/rings/src/text.ts', "export const x = import('@netcx/hardware/wire');", 'driver'),
    failing('packages/rings/src/text.ts', "import '../../hardware/src/index.ts';", 'driver'),
    failing('apps/toy-driver/src/driver.ts', "import '@netcx/nic-99999';", 'driver'),
    failing('packages/nic-99999/src/index.ts', "export * from '@netcx/adapter/edge';", 'device'),
    failing('packages/nic-99999/src/index.ts', "import '@netcx/toy-driver';", 'device'),
    failing('packages/nic-99999/src/registers/index.ts', "import '@netcx/dma';", 'registers'),
    failing('packages/nic-99999/src/registers/index.ts', "import '../engine.ts';", 'registers'),
    failing('packages/clock/src/reaches-up.ts', "import '@netcx/rings';", 'shared'),
    failing('packages/clock/src/reaches-up.ts', "import '@netcx/hardware';", 'shared'),
  ],
});
