/*
 * Suites that any NIC, driver or extension must pass, as lists of named cases that know no test runner; runners are at
 * `@netcx/conformance/vitest` and `@netcx/conformance/node`. Reading order: conformance-case.ts, driver/driver-suite.ts,
 * driver/driver-rig.ts, nic/nic-suite.ts, extension/extension-suite.ts.
 */

export {
  runCase,
  runCases,
  type ConformanceCase,
  type ConformanceContext,
  type RunSettings,
  type Verdict,
} from './conformance-case.ts';
export type { VirtualTime } from './virtual-time.ts';
export { driverSuite } from './driver/driver-suite.ts';
export type { DriverSuiteOptions, DriverUnderTest, DriverWishes, SleepUnderTest } from './driver/driver-under-test.ts';
export type { FarEnd, FarEndPartner } from './far-end.ts';
export { nicSuite } from './nic/nic-suite.ts';
export type { NicSuiteOptions, NicUnderTest, NicWishes, ResetKind } from './nic/nic-under-test.ts';
export { extensionSuite, type ExtensionSample } from './extension/extension-suite.ts';
