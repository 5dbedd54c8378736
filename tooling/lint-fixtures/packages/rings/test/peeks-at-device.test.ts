// Must fail: a driver-side package's test looks into the device.
import '../../hardware/src/index.ts';
