;; Makes segments that are all alike: headers, payload, numbers that go on, and checksums, in one go. Offsets are those of
;; SegmentRow and Piece in segment-row.ts, which says the same in TypeScript. Assembled into segment-kernel.ts;
;; test/segment-row.test.ts checks that it is current, and that it does what TypeScript does.
;;
;; A payload is summed as it is copied. Nothing is called in a loop, since V8 would keep every local in memory for it.
(module
  (import "host" "memory" (memory 1 65536 shared))

  ;; The row, and how many segments, at least one.
  (func (export "segmentRow") (param $row i32) (param $count i32)
    (local $at i32) (local $piece i32) (local $from i32) (local $left i32) (local $to i32) (local $last i32)
    (local $need i32) (local $bytes i32) (local $total i64) (local $sum i64) (local $lanes v128) (local $part v128)
    (local $half v128) (local $ones v128)
    (local.set $half (i16x8.splat (i32.const 0x8000)))
    (local.set $ones (i16x8.splat (i32.const 1)))
    (local.set $at (i32.load (local.get $row)))
    (local.set $piece (i32.load offset=16 (local.get $row)))
    (loop $segments
      (i64.store (local.get $at) (i64.extend_i32_u
        (i32.add (i32.load offset=8 (local.get $row)) (i32.load offset=12 (local.get $row)))))
      ;; Headers, sixteen bytes a step, and the last sixteen.
      (local.set $to (i32.add (local.get $at) (i32.const 16)))
      (local.set $last (i32.add (local.get $at) (i32.load offset=8 (local.get $row))))
      (local.set $need (i32.load offset=4 (local.get $row)))
      (v128.store align=1 (local.get $last) (v128.load align=1
        (i32.sub (i32.add (local.get $need) (i32.load offset=8 (local.get $row))) (i32.const 16))))
      (loop $headers
        (v128.store align=1 (local.get $to) (v128.load align=1 (local.get $need)))
        (local.set $need (i32.add (local.get $need) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br_if $headers (i32.lt_u (local.get $to) (local.get $last))))
      ;; Payload, from as many pieces as it takes.
      (local.set $to (i32.add (local.get $last) (i32.const 16)))
      (local.set $need (i32.load offset=12 (local.get $row)))
      (local.set $total (i64.const 0))
      (loop $pieces
        (if (i32.eqz (local.get $left))
          (then
            (local.set $from (i32.load (local.get $piece)))
            (local.set $left (i32.load offset=4 (local.get $piece)))
            (local.set $piece (i32.add (local.get $piece) (i32.const 8)))))
        (local.set $bytes (select (local.get $left) (local.get $need) (i32.lt_u (local.get $left) (local.get $need))))
        (local.set $left (i32.sub (local.get $left) (local.get $bytes)))
        (local.set $need (i32.sub (local.get $need) (local.get $bytes)))
        ;; Sixty-four bytes a step: words less 0x8000 have a sign, so that one instruction adds them in pairs, times 1. Each
        ;; sixteen bytes lack eight times 0x8000 then.
        (local.set $lanes (v128.const i32x4 0 0 0 0))
        (local.set $last (i32.add (local.get $to) (i32.and (local.get $bytes) (i32.const -64))))
        (local.set $sum (i64.extend_i32_u (i32.shl (i32.and (local.get $bytes) (i32.const -64)) (i32.const 14))))
        (if (i32.lt_u (local.get $to) (local.get $last))
          (then
            (loop $rounds
              (local.set $part (v128.load align=1 (local.get $from)))
              (v128.store align=1 (local.get $to) (local.get $part))
              (local.set $lanes (i32x4.add (local.get $lanes)
                (i32x4.dot_i16x8_s (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
              (local.set $part (v128.load offset=16 align=1 (local.get $from)))
              (v128.store offset=16 align=1 (local.get $to) (local.get $part))
              (local.set $lanes (i32x4.add (local.get $lanes)
                (i32x4.dot_i16x8_s (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
              (local.set $part (v128.load offset=32 align=1 (local.get $from)))
              (v128.store offset=32 align=1 (local.get $to) (local.get $part))
              (local.set $lanes (i32x4.add (local.get $lanes)
                (i32x4.dot_i16x8_s (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
              (local.set $part (v128.load offset=48 align=1 (local.get $from)))
              (v128.store offset=48 align=1 (local.get $to) (local.get $part))
              (local.set $lanes (i32x4.add (local.get $lanes)
                (i32x4.dot_i16x8_s (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
              (local.set $from (i32.add (local.get $from) (i32.const 64)))
              (local.set $to (i32.add (local.get $to) (i32.const 64)))
              (br_if $rounds (i32.lt_u (local.get $to) (local.get $last))))))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $lanes)) (i32x4.extract_lane 1 (local.get $lanes)))
          (i32.add (i32x4.extract_lane 2 (local.get $lanes)) (i32x4.extract_lane 3 (local.get $lanes)))))))
        ;; Eight bytes a step, and what is left of that: a longer word is the sum of its halves for a sum of 16-bit words.
        (local.set $last (i32.add (local.get $last) (i32.and (local.get $bytes) (i32.const 56))))
        (if (i32.lt_u (local.get $to) (local.get $last))
          (then
            (loop $steps
              (i64.store align=1 (local.get $to) (i64.load align=1 (local.get $from)))
              (local.set $sum (i64.add (local.get $sum) (i64.add
                (i64.load32_u align=1 (local.get $from)) (i64.load32_u offset=4 align=1 (local.get $from)))))
              (local.set $from (i32.add (local.get $from) (i32.const 8)))
              (local.set $to (i32.add (local.get $to) (i32.const 8)))
              (br_if $steps (i32.lt_u (local.get $to) (local.get $last))))))
        (if (i32.and (local.get $bytes) (i32.const 4))
          (then
            (i32.store align=1 (local.get $to) (i32.load align=1 (local.get $from)))
            (local.set $sum (i64.add (local.get $sum) (i64.load32_u align=1 (local.get $from))))
            (local.set $from (i32.add (local.get $from) (i32.const 4)))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))))
        (if (i32.and (local.get $bytes) (i32.const 2))
          (then
            (i32.store16 align=1 (local.get $to) (i32.load16_u align=1 (local.get $from)))
            (local.set $sum (i64.add (local.get $sum) (i64.load16_u align=1 (local.get $from))))
            (local.set $from (i32.add (local.get $from) (i32.const 2)))
            (local.set $to (i32.add (local.get $to) (i32.const 2)))))
        (if (i32.and (local.get $bytes) (i32.const 1))
          (then
            (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
            (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $from))))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))))
        ;; Behind an odd number of bytes, those of each word change places.
        (local.set $total (i64.add (local.get $total) (i64.shl (local.get $sum) (i64.extend_i32_u (i32.shl
          (i32.and (i32.sub (i32.sub (i32.load offset=12 (local.get $row)) (local.get $need)) (local.get $bytes)) (i32.const 1))
          (i32.const 3))))))
        (br_if $pieces (local.get $need)))
      ;; From the memory's order to the network's.
      (local.set $total (i64.shl (local.get $total) (i64.const 8)))
      (local.set $last (i32.load offset=20 (local.get $row)))
      (if (local.get $last)
        (then
          (local.set $bytes (i32.load offset=24 (local.get $row)))
          (i32.store offset=24 (local.get $row) (i32.and (i32.add (local.get $bytes) (i32.const 1)) (i32.const 0xffff)))
          (local.set $last (i32.add (local.get $at) (local.get $last)))
          (i32.store8 offset=16 (local.get $last) (i32.shr_u (local.get $bytes) (i32.const 8)))
          (i32.store8 offset=17 (local.get $last) (local.get $bytes))
          (local.set $last (i32.load offset=28 (local.get $row)))
          (if (local.get $last)
            (then
              (local.set $bytes (i32.add (i32.load offset=32 (local.get $row)) (local.get $bytes)))
              (local.set $bytes (i32.xor (i32.const -1)
                (i32.add (local.get $bytes) (i32.shr_u (local.get $bytes) (i32.const 16)))))
              (local.set $last (i32.add (local.get $at) (local.get $last)))
              (i32.store8 offset=16 (local.get $last) (i32.shr_u (local.get $bytes) (i32.const 8)))
              (i32.store8 offset=17 (local.get $last) (local.get $bytes))))))
      (local.set $last (i32.load offset=36 (local.get $row)))
      (if (local.get $last)
        (then
          (local.set $bytes (i32.load offset=40 (local.get $row)))
          (i32.store offset=40 (local.get $row) (i32.add (local.get $bytes) (i32.load offset=12 (local.get $row))))
          (local.set $total (i64.add (local.get $total) (i64.extend_i32_u (local.get $bytes))))
          (i32.store offset=16 align=1 (i32.add (local.get $at) (local.get $last)) (i32.or
            (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
            (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00))))))
      (local.set $last (i32.load offset=44 (local.get $row)))
      (if (local.get $last)
        (then
          ;; A sum and itself with its halves exchanged make the sum of the halves, carry taken in, above.
          (local.set $total (i64.add (local.get $total) (i64.load32_u offset=48 (local.get $row))))
          (local.set $bytes (i32.wrap_i64 (i64.shr_u
            (i64.add (local.get $total) (i64.rotl (local.get $total) (i64.const 32))) (i64.const 32))))
          (local.set $bytes (i32.shr_u (i32.xor (i32.const -1)
            (i32.add (local.get $bytes) (i32.rotl (local.get $bytes) (i32.const 16)))) (i32.const 16)))
          ;; UDP's 0 is sent as all ones.
          (if (i32.eqz (local.get $bytes)) (then (local.set $bytes (i32.load offset=52 (local.get $row)))))
          (local.set $last (i32.add (local.get $at) (local.get $last)))
          (i32.store8 offset=16 (local.get $last) (i32.shr_u (local.get $bytes) (i32.const 8)))
          (i32.store8 offset=17 (local.get $last) (local.get $bytes))))
      (local.set $at (i32.and (i32.add (local.get $to) (i32.const 7)) (i32.const -8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $segments (local.get $count)))
    (i32.store (local.get $row) (local.get $at))))
