;; The one's complement sum of 16-bit words (RFC 1071), as they lie in memory: sixteen bytes a step into lanes of 32 bits, eight
;; steps a round. A word less 32768 is a signed one, and pairs of those are multiplied by ones and added in one instruction,
;; where unsigned ones take three; what was taken off is added at the end. A lane holds far more than the 64 KiB that a caller
;; may ask for. Assembled into sum-kernel.ts; test/sum.test.ts checks that it is current.
(module
  (import "host" "memory" (memory 1 65536 shared))
  (func (export "sum") (param $at i32) (param $bytes i32) (result i32)
    (local $end i32) (local $begin i32) (local $a v128) (local $b v128) (local $sign v128) (local $ones v128) (local $total i64)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (local.set $begin (local.get $at))
    (local.set $sign (i16x8.splat (i32.const 0x8000)))
    (local.set $ones (i16x8.splat (i32.const 1)))
    (block $short
      (loop $rounds
        (br_if $short (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 128)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.add
          (i32x4.dot_i16x8_s (v128.xor (v128.load align=1 (local.get $at)) (local.get $sign)) (local.get $ones))
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=16 align=1 (local.get $at)) (local.get $sign)) (local.get $ones)))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.add
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=32 align=1 (local.get $at)) (local.get $sign)) (local.get $ones))
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=48 align=1 (local.get $at)) (local.get $sign)) (local.get $ones)))))
        (local.set $a (i32x4.add (local.get $a) (i32x4.add
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=64 align=1 (local.get $at)) (local.get $sign)) (local.get $ones))
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=80 align=1 (local.get $at)) (local.get $sign)) (local.get $ones)))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.add
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=96 align=1 (local.get $at)) (local.get $sign)) (local.get $ones))
          (i32x4.dot_i16x8_s (v128.xor (v128.load offset=112 align=1 (local.get $at)) (local.get $sign)) (local.get $ones)))))
        (local.set $at (i32.add (local.get $at) (i32.const 128)))
        (br $rounds)))
    (block $tail
      (loop $steps
        (br_if $tail (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
        (local.set $a (i32x4.add (local.get $a)
          (i32x4.dot_i16x8_s (v128.xor (v128.load align=1 (local.get $at)) (local.get $sign)) (local.get $ones))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $steps)))
    (local.set $a (i32x4.add (local.get $a) (local.get $b)))
    (local.set $total (i64.add
      (i64.add (i64.extend_i32_s (i32x4.extract_lane 0 (local.get $a))) (i64.extend_i32_s (i32x4.extract_lane 1 (local.get $a))))
      (i64.add (i64.extend_i32_s (i32x4.extract_lane 2 (local.get $a))) (i64.extend_i32_s (i32x4.extract_lane 3 (local.get $a))))))
    ;; 32768 for each of the words so far.
    (local.set $total (i64.add (local.get $total)
      (i64.shl (i64.extend_i32_u (i32.sub (local.get $at) (local.get $begin))) (i64.const 14))))
    (block $last
      (loop $words
        (br_if $last (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 2)))
        (local.set $total (i64.add (local.get $total) (i64.load16_u align=1 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br $words)))
    (if (i32.lt_s (local.get $at) (local.get $end))
      (then (local.set $total (i64.add (local.get $total) (i64.load8_u (local.get $at))))))
    (local.set $total (i64.add (i64.and (local.get $total) (i64.const 0xffff)) (i64.shr_u (local.get $total) (i64.const 16))))
    (local.set $total (i64.add (i64.and (local.get $total) (i64.const 0xffff)) (i64.shr_u (local.get $total) (i64.const 16))))
    (local.set $total (i64.add (i64.and (local.get $total) (i64.const 0xffff)) (i64.shr_u (local.get $total) (i64.const 16))))
    (i32.wrap_i64 (local.get $total))))
