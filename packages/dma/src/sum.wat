;; The one's complement sum of 16-bit words (RFC 1071), in network order. Sixteen bytes are taken as two words of 64 bits and
;; added: modulo 2^64-1 that is the same sum, for 2^16 is 1 there (RFC 1071, 2 (C)). A vector register loses what is carried out
;; of a word; how often that was tells a rough sum of the words' highest sixteen bits, held against those of the sum. Rough is
;; enough, for the two differ by multiples of 2^16: eight words have their mean taken, too great by one and a half at most, which
;; makes 6144 in 64 KiB, the most that a caller may ask for, and what lower bits carry makes 4096 the other way.
;; Assembled into sum-kernel.ts; test/sum.test.ts checks that it is current.
(module
  (import "host" "memory" (memory 1 65536 shared))
  (func (export "sum") (param $at i32) (param $bytes i32) (result i32)
    (local $end i32) (local $last i32) (local $sum v128) (local $high v128) (local $total i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $bytes) (i32.const -2))))
    (if (i32.ge_u (local.get $bytes) (i32.const 16))
      (then
        (if (i32.ge_u (local.get $bytes) (i32.const 128))
          (then
            (local.set $last (i32.sub (local.get $end) (i32.const 128)))
            (loop $rounds
              (local.set $a (v128.load align=1 (local.get $at)))
              (local.set $b (v128.load offset=16 align=1 (local.get $at)))
              (local.set $c (v128.load offset=32 align=1 (local.get $at)))
              (local.set $d (v128.load offset=48 align=1 (local.get $at)))
              (local.set $e (v128.load offset=64 align=1 (local.get $at)))
              (local.set $f (v128.load offset=80 align=1 (local.get $at)))
              (local.set $g (v128.load offset=96 align=1 (local.get $at)))
              (local.set $h (v128.load offset=112 align=1 (local.get $at)))
              (local.set $sum (i64x2.add (local.get $sum) (i64x2.add
                (i64x2.add (i64x2.add (local.get $a) (local.get $b)) (i64x2.add (local.get $c) (local.get $d)))
                (i64x2.add (i64x2.add (local.get $e) (local.get $f)) (i64x2.add (local.get $g) (local.get $h))))))
              (local.set $high (i64x2.add (local.get $high) (i64x2.shr_u (i16x8.avgr_u
                (i16x8.avgr_u (i16x8.avgr_u (local.get $a) (local.get $b)) (i16x8.avgr_u (local.get $c) (local.get $d)))
                (i16x8.avgr_u (i16x8.avgr_u (local.get $e) (local.get $f)) (i16x8.avgr_u (local.get $g) (local.get $h))))
                (i32.const 48))))
              (local.set $at (i32.add (local.get $at) (i32.const 128)))
              (br_if $rounds (i32.le_u (local.get $at) (local.get $last))))
            (local.set $high (i64x2.shl (local.get $high) (i32.const 3))))) ;; means of eight so far
        (if (i32.and (i32.sub (local.get $end) (local.get $at)) (i32.const 64))
          (then
            (local.set $a (v128.load align=1 (local.get $at)))
            (local.set $b (v128.load offset=16 align=1 (local.get $at)))
            (local.set $c (v128.load offset=32 align=1 (local.get $at)))
            (local.set $d (v128.load offset=48 align=1 (local.get $at)))
            (local.set $sum (i64x2.add (local.get $sum)
              (i64x2.add (i64x2.add (local.get $a) (local.get $b)) (i64x2.add (local.get $c) (local.get $d)))))
            (local.set $high (i64x2.add (local.get $high) (i64x2.shl (i64x2.shr_u (i16x8.avgr_u
              (i16x8.avgr_u (local.get $a) (local.get $b)) (i16x8.avgr_u (local.get $c) (local.get $d)))
              (i32.const 48)) (i32.const 2))))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))))
        (if (i32.and (i32.sub (local.get $end) (local.get $at)) (i32.const 32))
          (then
            (local.set $a (v128.load align=1 (local.get $at)))
            (local.set $b (v128.load offset=16 align=1 (local.get $at)))
            (local.set $sum (i64x2.add (local.get $sum) (i64x2.add (local.get $a) (local.get $b))))
            (local.set $high (i64x2.add (local.get $high)
              (i64x2.add (i64x2.shr_u (local.get $a) (i32.const 48)) (i64x2.shr_u (local.get $b) (i32.const 48)))))
            (local.set $at (i32.add (local.get $at) (i32.const 32)))))
        (if (i32.and (i32.sub (local.get $end) (local.get $at)) (i32.const 16))
          (then
            (local.set $a (v128.load align=1 (local.get $at)))
            (local.set $sum (i64x2.add (local.get $sum) (local.get $a)))
            (local.set $high (i64x2.add (local.get $high) (i64x2.shr_u (local.get $a) (i32.const 48))))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))))
        (if (i32.ne (local.get $at) (local.get $end))
          (then ;; the last sixteen bytes once more, without those that were taken already
            (local.set $a (v128.and (v128.load align=1 (i32.sub (local.get $end) (i32.const 16))) (i8x16.ge_s
              (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
              (i8x16.splat (i32.sub (local.get $at) (i32.sub (local.get $end) (i32.const 16)))))))
            (local.set $sum (i64x2.add (local.get $sum) (local.get $a)))
            (local.set $high (i64x2.add (local.get $high) (i64x2.shr_u (local.get $a) (i32.const 48))))))
        ;; What was carried out: the difference in units of 2^16, to the nearest.
        (local.set $high (i64x2.shr_u (i64x2.add (i64x2.sub (local.get $high) (i64x2.shr_u (local.get $sum) (i32.const 48)))
          (v128.const i64x2 0x8000 0x8000)) (i32.const 16)))
        (local.set $sum (i64x2.add (local.get $high)
          (i64x2.add (i64x2.extend_low_i32x4_u (local.get $sum)) (i64x2.extend_high_i32x4_u (local.get $sum)))))
        (local.set $total (i64.add (i64x2.extract_lane 0 (local.get $sum)) (i64x2.extract_lane 1 (local.get $sum)))))
      (else
        (block $short
          (loop $words
            (br_if $short (i32.eq (local.get $at) (local.get $end)))
            (local.set $total (i64.add (local.get $total) (i64.load16_u align=1 (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br $words)))))
    (if (i32.and (local.get $bytes) (i32.const 1))
      (then (local.set $total (i64.add (local.get $total) (i64.load8_u (local.get $end))))))
    ;; Shifted by a byte the words turn from the memory's order to the network's; then halves are added, each with its carry.
    (local.set $total (i64.shl (local.get $total) (i64.const 8)))
    (local.set $total (i64.shr_u (i64.add (local.get $total) (i64.rotl (local.get $total) (i64.const 32))) (i64.const 32)))
    (local.set $at (i32.wrap_i64 (local.get $total)))
    (i32.shr_u (i32.add (local.get $at) (i32.rotl (local.get $at) (i32.const 16))) (i32.const 16))))
