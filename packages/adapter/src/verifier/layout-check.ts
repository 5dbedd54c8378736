/*
 * Whether the layout that a driver gives a received packet can be: types that exist, header lengths that their layer allows,
 * and no more header than frame. 0 is a length that is not known. Follows reference netadaptercx §2.4 (the sources, where
 * the documents say otherwise) and §5.11b.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Layer2Type, Layer3Type, Layer4Type, Packet } from '@netcx/rings';
import { raise, type Site } from './site.ts';

const { layer2Type, layer3Type, layer4Type, layer2HeaderLength, layer3HeaderLength, layer4HeaderLength } = Packet;

/**
 * @param site - the queue
 * @param ring - the packet ring's name
 * @param index - the packet
 * @param p - word index of the packet
 * @param bytes - length of the frame
 * @throws ViolationError 0x42 to 0x4a, or 0x90
 */
export function checkLayout(site: Site, ring: string, index: number, p: number, bytes: number): void {
  const wrong = (code: number, field: string, expected: string, found: number): never =>
    raise(site, code, `${ring}: a layout that no packet has`, { index, field, expected, found });
  const type2 = layer2Type.get(m, p);
  const type3 = layer3Type.get(m, p);
  const type4 = layer4Type.get(m, p);
  const length2 = layer2HeaderLength.get(m, p);
  const length3 = layer3HeaderLength.get(m, p);
  const length4 = layer4HeaderLength.get(m, p);
  if (type2 > Layer2Type.Ieee80211) wrong(0x42, 'layer2Type', '0 to 3', type2);
  if (type2 === Layer2Type.Null && length2 !== 0) wrong(0x43, 'layer2HeaderLength', '0', length2);
  if (type2 === Layer2Type.Ethernet && length2 !== 0 && length2 < 14)
    wrong(0x44, 'layer2HeaderLength', '0, or 14 and more', length2);
  if (type3 > Layer3Type.IPv6NoExtensions) wrong(0x49, 'layer3Type', '0 to 6', type3);
  const version4 = type3 >= Layer3Type.IPv4UnspecifiedOptions && type3 <= Layer3Type.IPv4NoOptions;
  if (version4 && length3 !== 0 && length3 < 20) wrong(0x45, 'layer3HeaderLength', '0, or 20 and more', length3);
  const version6 = type3 >= Layer3Type.IPv6UnspecifiedExtensions;
  if (version6 && length3 !== 0 && length3 < 40) wrong(0x46, 'layer3HeaderLength', '0, or 40 and more', length3);
  if (type4 > Layer4Type.IPNotFragment) wrong(0x4a, 'layer4Type', '0 to 4', type4);
  if (type4 === Layer4Type.Tcp && length4 !== 0 && (length4 < 20 || length4 > 60 || length4 % 4 !== 0))
    wrong(0x47, 'layer4HeaderLength', '0, or 20 to 60 in steps of 4', length4);
  if (type4 === Layer4Type.Udp && length4 !== 0 && length4 < 8)
    wrong(0x48, 'layer4HeaderLength', '0, or 8 and more', length4);
  const headers = (type2 === 0 ? 0 : length2) + (type3 === 0 ? 0 : length3) + (type4 === 0 || type4 > 2 ? 0 : length4);
  if (headers > bytes) wrong(0x90, 'the header lengths together', `${String(bytes)} at most`, headers);
}
