#!/usr/bin/env node
// Makes a capture out of a recorded one: VLAN tags put in (vlan), two of them (qinq), or the same file in the other byte
// order (big-endian). For what this kind of machine cannot record: its kernel has no 8021q, its processor is little-endian.
// Invariant: apart from the tags, every byte of every frame, and every timestamp, is the recorded one.
//   made.mjs vlan|qinq|big-endian IN.pcap OUT.pcap
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * @typedef {{ seconds: number, fraction: number, length: number, frame: Buffer }} Packet
 * @typedef {{ magic: number, snapLength: number, linkType: number, packets: Packet[] }} Capture
 * @typedef {[type: number, priority: number, identifier: number]} Tag
 */

const microsecondMagic = 0xa1b2c3d4;
const nanosecondMagic = 0xa1b23c4d;

/**
 * The parts of a classic capture file written by a little-endian machine.
 * @param {Buffer} file
 * @returns {Capture}
 */
function parse(file) {
  const magic = file.readUInt32LE(0);
  if (magic !== microsecondMagic && magic !== nanosecondMagic) {
    throw new Error(`expected a little-endian pcap file, got the magic number 0x${magic.toString(16)}`);
  }
  /** @type {Packet[]} */
  const packets = [];
  for (let at = 24; at < file.length;) {
    const captured = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + 16, at + 16 + captured);
    if (frame.length !== captured) throw new Error(`the file ends inside the record at offset ${at}`);
    const [seconds, fraction, length] = [0, 4, 12].map((offset) => file.readUInt32LE(at + offset));
    packets.push({ seconds: Number(seconds), fraction: Number(fraction), length: Number(length), frame });
    at += 16 + captured;
  }
  return { magic, snapLength: file.readUInt32LE(16), linkType: file.readUInt32LE(20), packets };
}

/**
 * The bytes of a classic capture file, in either byte order.
 * @param {Capture} capture
 * @param {'LE' | 'BE'} order
 */
function compose({ magic, snapLength, linkType, packets }, order) {
  /** @type {(...values: number[]) => Buffer} */
  const words = (...values) => {
    const buffer = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => buffer[`writeUInt32${order}`](value, index * 4));
    return buffer;
  };
  const version = Buffer.alloc(4);
  version[`writeUInt16${order}`](2, 0);
  version[`writeUInt16${order}`](4, 2);
  const records = packets.map(({ seconds, fraction, length, frame }) =>
    Buffer.concat([words(seconds, fraction, frame.length, length), frame]),
  );
  return Buffer.concat([words(magic), version, words(0, 0, snapLength, linkType), ...records]);
}

/**
 * The packet with tags after its frame's two addresses.
 * @param {Packet} packet
 * @param {Tag[]} tags
 * @returns {Packet}
 */
function tagged(packet, tags) {
  const bytes = Buffer.alloc(tags.length * 4);
  tags.forEach(([type, priority, identifier], index) => {
    bytes.writeUInt16BE(type, index * 4);
    bytes.writeUInt16BE((priority << 13) | identifier, index * 4 + 2);
  });
  const frame = Buffer.concat([packet.frame.subarray(0, 12), bytes, packet.frame.subarray(12)]);
  return { ...packet, frame, length: packet.length + bytes.length };
}

/**
 * The customer's tag of the packet with that index: priorities run through 0 to 7, and identifiers through 100, none (a
 * priority tag), 1 and 4094, the last one.
 * @param {number} index
 * @returns {Tag}
 */
const customerTag = (index) => [0x8100, index % 8, [100, 0, 1, 4094][index % 4] ?? 0];

/** @type {Record<string, (packet: Packet, index: number) => Packet>} */
const transforms = {
  vlan: (packet, index) => tagged(packet, [customerTag(index)]),
  qinq: (packet, index) => tagged(packet, [[0x88a8, index % 8, 200], customerTag(index)]),
  'big-endian': (packet) => packet,
};

const [kind = '', from = '', to = ''] = process.argv.slice(2);
const transform = transforms[kind];
if (!transform || !to) throw new Error('usage: made.mjs vlan|qinq|big-endian IN.pcap OUT.pcap');
const capture = parse(readFileSync(from));
const packets = capture.packets.map(transform);
writeFileSync(to, compose({ ...capture, packets }, kind === 'big-endian' ? 'BE' : 'LE'));
