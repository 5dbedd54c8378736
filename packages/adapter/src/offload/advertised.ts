/*
 * What a driver advertised, checked and in one form: the short forms are spelled out, and what was left out stands for
 * itself. A capability that cannot be is refused with the number that NetAdapterCx's verifier gives it.
 */

import { AdapterError } from '../adapter-error.ts';
import {
  Layer3Flags,
  Layer4Flags,
  type GsoOffload,
  type Ieee8021qTagOffload,
  type LayerFlags,
  type OffloadCapabilities,
  type RscOffload,
  type RxChecksumOffload,
  type TxChecksumOffload,
} from '../offload-capabilities.ts';
import { violation } from '../verifier/violation.ts';
import { checksumsOf, trafficOf, uniformSet, type OffloadSet } from './offload-set.ts';

/** What the hardware can do, spelled out. */
export interface AdvertisedOffloads {
  readonly txChecksum?: TxChecksumOffload;
  readonly rxChecksum?: RxChecksumOffload & LayerFlags;
  readonly gso?: GsoOffload;
  readonly rsc?: RscOffload;
  readonly ieee8021qTag?: Ieee8021qTagOffload;
}

const { ipv4NoOptions, ipv4WithOptions, ipv6NoExtensions, ipv6WithExtensions } = Layer3Flags;
const IPV4 = ipv4NoOptions | ipv4WithOptions;
const IPV6 = ipv6NoExtensions | ipv6WithExtensions;
const { tcpNoOptions, tcpWithOptions, udp } = Layer4Flags;
const EVERY_LAYER_3 = IPV4 | IPV6;
const EVERY_LAYER_4 = tcpNoOptions | tcpWithOptions | udp;

/**
 * @param name - the adapter's, for messages
 * @param offloads - what its driver advertises
 * @returns the same, checked and spelled out
 * @throws ViolationError 0x2A, 0x5B, 0x5C, 0x5E, 0x5F or 0x62; AdapterError `CAPABILITIES_INVALID` for values that are
 * none
 */
export function spellOut(name: string, offloads: OffloadCapabilities): AdvertisedOffloads {
  const { txChecksum, rxChecksum, gso, rsc, ieee8021qTag } = offloads;
  const spelled: AdvertisedOffloads = {
    ...(txChecksum === undefined ? {} : { txChecksum: 'ipv4' in txChecksum ? fromShort(txChecksum) : txChecksum }),
    ...(rxChecksum === undefined
      ? {}
      : {
          rxChecksum:
            'ipv4' in rxChecksum
              ? fromShort(rxChecksum)
              : {
                  ...rxChecksum,
                  layer3: rxChecksum.layer3 ?? EVERY_LAYER_3,
                  layer4: rxChecksum.layer4 ?? EVERY_LAYER_4,
                },
        }),
    ...(gso === undefined ? {} : { gso }),
    ...(rsc === undefined ? {} : { rsc }),
    ...(ieee8021qTag === undefined ? {} : { ieee8021qTag }),
  };
  checkNumbers(name, spelled);
  if (spelled.txChecksum !== undefined) checkTxChecksum(name, spelled.txChecksum);
  if (gso !== undefined) checkGso(name, gso);
  return spelled;
}

/** The short form: the hardware does not care about options. */
const fromShort = (short: {
  readonly ipv4: boolean;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly layer4HeaderOffsetLimit?: number;
}): TxChecksumOffload => ({
  layer3: (short.ipv4 ? IPV4 : 0) | (short.tcp || short.udp ? IPV6 : 0),
  layer4: (short.tcp ? tcpNoOptions | tcpWithOptions : 0) | (short.udp ? udp : 0),
  layer4HeaderOffsetLimit: short.layer4HeaderOffsetLimit ?? 0,
});

/** Every number is one that can be: flags that are known, sizes and limits of 0 or more. */
function checkNumbers(name: string, offloads: AdvertisedOffloads): void {
  const wrong: string[] = [];
  const check = (what: string, value: unknown, known: number): void => {
    if (value === undefined) return;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= known) return;
    wrong.push(`${what} is ${JSON.stringify(value)}; expected 0 to ${String(known)}`);
  };
  for (const offload of ['txChecksum', 'rxChecksum', 'gso', 'rsc'] as const) {
    const { layer3, layer4 } = offloads[offload] ?? { layer3: 0, layer4: 0 };
    check(`${offload}.layer3`, layer3, EVERY_LAYER_3);
    check(`${offload}.layer4`, layer4, EVERY_LAYER_4);
  }
  const { txChecksum, gso } = offloads;
  check('txChecksum.layer3HeaderOffsetLimit', txChecksum?.layer3HeaderOffsetLimit, 0xffff);
  check('txChecksum.layer4HeaderOffsetLimit', txChecksum?.layer4HeaderOffsetLimit, 0xffff);
  check('gso.layer4HeaderOffsetLimit', gso?.layer4HeaderOffsetLimit, 0xffff);
  check('gso.maximumOffloadSize', gso?.maximumOffloadSize, 2 ** 26 - 1);
  check('gso.minimumSegmentCount', gso?.minimumSegmentCount, 0xffff);
  if (wrong.length > 0) throw new AdapterError('CAPABILITIES_INVALID', `${name}: ${wrong.join(', ')}`);
}

function checkTxChecksum(name: string, { layer3, layer4 }: TxChecksumOffload): void {
  const object = `${name}: txChecksum`;
  if (layer4 !== 0 && layer3 === 0)
    throw violation(0x5b, 'layer 4 checksums go over some layer 3', {
      object,
      field: 'layer3',
      expected: 'Layer3Flags',
      found: 0,
    });
  if ((layer3 & IPV6) !== 0 && (layer3 & IPV4) === 0 && layer4 === 0)
    throw violation(0x5c, 'IPv6 has no checksum of its own: only layer 4 over it has', {
      object,
      field: 'layer4',
      expected: 'Layer4Flags',
      found: 0,
    });
  const lone = optionsAlone(layer3);
  if (lone !== undefined)
    throw violation(0x5e, `hardware that handles ${lone[0]} handles ${lone[1]}, too`, {
      object,
      field: 'layer3',
      expected: `${lone[1]} as well`,
      found: layer3,
    });
  if (isTcpWithOptionsAlone(layer4))
    throw violation(0x5f, 'hardware that handles TCP with options handles TCP without, too', {
      object,
      field: 'layer4',
      expected: 'tcpNoOptions as well',
      found: layer4,
    });
}

function checkGso(name: string, { layer3, layer4, maximumOffloadSize, minimumSegmentCount }: GsoOffload): void {
  const object = `${name}: gso`;
  const wrong = (subcode: number, message: string, field: string, expected: string, found: number): never => {
    throw violation(0x2a, message, { subcode, object, field, expected, found });
  };
  if (layer3 === 0 || layer4 === 0)
    throw violation(0x62, 'segmentation needs a layer 3 and a layer 4', {
      object,
      field: layer3 === 0 ? 'layer3' : 'layer4',
      expected: layer3 === 0 ? 'Layer3Flags' : 'Layer4Flags',
      found: 0,
    });
  if (maximumOffloadSize === 0)
    wrong(1, 'a packet without payload cannot be cut', 'maximumOffloadSize', '1 or more', maximumOffloadSize);
  if (minimumSegmentCount === 0)
    wrong(2, 'a packet is at least one segment', 'minimumSegmentCount', '1 or more', minimumSegmentCount);
  const lone = optionsAlone(layer3);
  if (lone !== undefined)
    wrong(3, `hardware that handles ${lone[0]} handles ${lone[1]}, too`, 'layer3', `${lone[1]} as well`, layer3);
  if (isTcpWithOptionsAlone(layer4))
    wrong(
      4,
      'hardware that handles TCP with options handles it without, too',
      'layer4',
      'tcpNoOptions as well',
      layer4,
    );
}

/** A kind of layer 3 with options or extensions whose plain kind is missing: both their names. */
function optionsAlone(layer3: number): readonly [string, string] | undefined {
  if ((layer3 & IPV4) === ipv4WithOptions) return ['ipv4WithOptions', 'ipv4NoOptions'];
  return (layer3 & IPV6) === ipv6WithExtensions ? ['ipv6WithExtensions', 'ipv6NoExtensions'] : undefined;
}

const isTcpWithOptionsAlone = (layer4: number): boolean => (layer4 & 3) === tcpWithOptions;

/**
 * @param offloads - what the hardware can do
 * @returns the switches of which it can do something
 */
export function switchesOf(offloads: AdvertisedOffloads): OffloadSet {
  const { txChecksum, rxChecksum, gso, rsc, ieee8021qTag } = offloads;
  const none = uniformSet(false);
  return {
    txChecksum: txChecksum === undefined ? none.txChecksum : checksumsOf(txChecksum),
    rxChecksum: rxChecksum === undefined ? none.rxChecksum : checksumsOf(rxChecksum),
    gso: gso === undefined ? none.gso : trafficOf(gso),
    rsc: rsc === undefined ? none.rsc : { ...trafficOf(rsc), tcpTimestampOption: rsc.tcpTimestampOption },
    ieee8021qTag: { priority: ieee8021qTag?.priority === true, vlan: ieee8021qTag?.vlan === true },
  };
}
