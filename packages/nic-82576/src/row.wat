;; The straight lines of both engines, a row of descriptors a call: what receive-row.ts and transmit-row.ts say in TypeScript,
;; with a frame's checks, data and descriptor in one go; and how a burst ends that was sent. Offsets into the row are those of ReceiveRow and TransmitRow, into a
;; tally those of frame-tally.ts. Assembled into row-kernel.ts; test/rows.test.ts checks that it is current, and that it does
;; what TypeScript does.
;;
;; A row is runs of frames whose headers (or commands) are equal: what is the same for all of a run is looked at once, and a
;; run is counted at once. A run without any frame is where the straight line ends. Each word is read once, so that what was
;; checked is what is used; the word that says "done" is written last. Nothing is called in a loop, since V8 would keep every
;; local in memory for it; for the same reason there are few locals.
(module
  (import "host" "memory" (memory 1 65536 shared))

  ;; The row, byte offset of the first descriptor and behind the last; returns where it stopped.
  (func (export "receiveRow") (param $row i32) (param $d i32) (param $end i32) (result i32)
    (local $at i32) (local $near i64) (local $own i64) (local $looks i64)
    (local $header i64) (local $length i32) (local $step i32) (local $since i32)
    (local $first i64) (local $address i64) (local $from i32) (local $to i32) (local $last i32)
    (local $tally i32) (local $frames i32)
    (local.set $at (i32.load (local.get $row)))
    (local.set $near (i64.load32_u offset=8 (local.get $row)))
    (local.set $own (i64.load offset=16 (local.get $row)))
    (local.set $looks (i64.load offset=24 (local.get $row)))
    (block $stop
      (loop $runs
        (br_if $stop (i32.ge_u (local.get $d) (local.get $end)))
        ;; A frame's length, and above it its status: with any status the number is greater than every length.
        (local.set $header (i64.load (local.get $at)))
        (br_if $stop (i64.lt_u (local.get $header) (i64.const 60)))
        (br_if $stop (i64.gt_u (local.get $header) (i64.load32_u offset=12 (local.get $row))))
        (local.set $length (i32.wrap_i64 (local.get $header)))
        (local.set $step (i32.and (i32.add (local.get $length) (i32.const 23)) (i32.const -8)))
        (local.set $since (local.get $d))
        (block $over
          (loop $run
            (br_if $over (i64.ne (i64.load (local.get $at)) (local.get $header)))
            (local.set $first (i64.load offset=16 (local.get $at)))
            (br_if $over (i64.ne (i64.and (i64.xor (local.get $first) (local.get $own)) (local.get $looks)) (i64.const 0)))
            (br_if $over (i32.eq (i32.load16_u offset=28 (local.get $at)) (i32.load offset=32 (local.get $row))))
            (local.set $address (i64.load (local.get $d)))
            (br_if $over (i64.ge_u (i64.sub (local.get $address) (i64.const 1)) (local.get $near)))
            ;; The first 32 bytes and the last 32, which overlap below 64; between them, 32 at a time.
            (local.set $to (i32.wrap_i64 (local.get $address)))
            (v128.store align=1 (local.get $to) (v128.load offset=16 align=1 (local.get $at)))
            (v128.store offset=16 align=1 (local.get $to) (v128.load offset=32 align=1 (local.get $at)))
            (local.set $from (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 32)))
            (local.set $last (i32.sub (i32.add (local.get $to) (local.get $length)) (i32.const 32)))
            (v128.store align=1 (local.get $last) (v128.load offset=16 align=1 (local.get $from)))
            (v128.store offset=16 align=1 (local.get $last) (v128.load offset=32 align=1 (local.get $from)))
            (if (i32.gt_u (local.get $length) (i32.const 64))
              (then
                (local.set $from (local.get $at))
                (loop $blocks
                  (v128.store offset=32 align=1 (local.get $to) (v128.load offset=48 align=1 (local.get $from)))
                  (v128.store offset=48 align=1 (local.get $to) (v128.load offset=64 align=1 (local.get $from)))
                  (local.set $from (i32.add (local.get $from) (i32.const 32)))
                  (local.set $to (i32.add (local.get $to) (i32.const 32)))
                  (br_if $blocks (i32.lt_u (local.get $to) (i32.sub (local.get $last) (i32.const 32)))))))
            (i64.store (local.get $d) (i64.const 0))
            (i32.store offset=12 (local.get $d) (local.get $length))
            (i32.store offset=8 (local.get $d) (i32.const 3))
            (local.set $at (i32.add (local.get $at) (local.get $step)))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (if (i32.and (i32.wrap_i64 (local.get $first)) (i32.const 1))
              (then
                (local.set $tally (i32.add (i32.load offset=4 (local.get $row))
                  (select (i32.const 56) (i32.const 64) (i32.eq (i32.wrap_i64 (local.get $first)) (i32.const -1)))))
                (f64.store (local.get $tally) (f64.add (f64.load (local.get $tally)) (f64.const 1)))))
            (br_if $run (i32.lt_u (local.get $d) (local.get $end)))))
        (local.set $frames (i32.shr_u (i32.sub (local.get $d) (local.get $since)) (i32.const 4)))
        (br_if $stop (i32.eqz (local.get $frames)))
        ;; Octets, with frame check sequences; frames, by the length's power of two.
        (local.set $tally (i32.load offset=4 (local.get $row)))
        (local.set $length (i32.add (local.get $length) (i32.const 4)))
        (f64.store (local.get $tally) (f64.add (f64.load (local.get $tally))
          (f64.convert_i32_s (i32.mul (local.get $length) (local.get $frames)))))
        (local.set $step (i32.sub (i32.const 26) (i32.clz (i32.or (i32.const 32)
          (i32.sub (local.get $length) (i32.le_u (local.get $length) (i32.const 64)))))))
        (local.set $tally (i32.add (local.get $tally) (i32.shl
          (select (local.get $step) (i32.const 5) (i32.lt_u (local.get $step) (i32.const 5))) (i32.const 3))))
        (f64.store offset=8 (local.get $tally) (f64.add (f64.load offset=8 (local.get $tally))
          (f64.convert_i32_s (local.get $frames))))
        (br $runs)))
    (i32.store (local.get $row) (local.get $at))
    (local.get $d))

  ;; The same for frames that leave.
  (func (export "transmitRow") (param $row i32) (param $d i32) (param $end i32) (result i32)
    (local $at i32) (local $near i64) (local $commands i32)
    (local $command i64) (local $length i32) (local $step i32) (local $since i32)
    (local $address i64) (local $from i32) (local $to i32) (local $last i32)
    (local $tally i32) (local $frames i32) (local $wanted i32) (local $headers i32) (local $type i32)
    (local $sum i64) (local $total v128) (local $rest i32) (local $fresh v128) (local $whole v128)
    (local.set $at (i32.load (local.get $row)))
    (local.set $near (i64.load32_u offset=8 (local.get $row)))
    (block $stop
      (loop $runs
        (br_if $stop (i32.ge_u (local.get $d) (local.get $end)))
        (local.set $command (i64.load offset=8 (local.get $d)))
        (br_if $stop (i64.ne (i64.const 0) (i64.and
          (i64.xor (local.get $command) (i64.load offset=16 (local.get $row))) (i64.load offset=24 (local.get $row)))))
        (local.set $length (i32.and (i32.wrap_i64 (local.get $command)) (i32.const 0xffff)))
        (br_if $stop (i32.lt_u (local.get $length) (i32.const 60)))
        (br_if $stop (i32.gt_u (local.get $length) (i32.load offset=12 (local.get $row))))
        ;; Checksums to insert, by one of the queue's two contexts: of IPv4's header without options, of TCP or UDP.
        (local.set $wanted (i32.and (i32.wrap_i64 (i64.shr_u (local.get $command) (i64.const 40))) (i32.const 3)))
        (if (local.get $wanted)
          (then
            (local.set $from (i32.add (i32.load offset=40 (local.get $row))
              (i32.and (i32.wrap_i64 (i64.shr_u (local.get $command) (i64.const 32))) (i32.const 16))))
            (local.set $headers (i32.load (local.get $from)))
            (local.set $type (i32.and (i32.shr_u (i32.load offset=8 (local.get $from)) (i32.const 11)) (i32.const 3)))
            (local.set $last (i32.and (local.get $headers) (i32.const 511)))
            (local.set $headers (i32.add (local.get $last) (i32.and (i32.shr_u (local.get $headers) (i32.const 9)) (i32.const 127))))
            (if (i32.and (local.get $wanted) (i32.const 1))
              (then
                (br_if $stop (i32.ne (local.get $last) (i32.const 20)))
                (br_if $stop (i32.gt_u (local.get $headers) (local.get $length)))))
            (if (i32.and (local.get $wanted) (i32.const 2))
              (then
                (br_if $stop (i32.gt_u (local.get $type) (i32.const 1)))
                ;; Where in its header the checksum stands, and two bytes more.
                (local.set $type (select (i32.const 16) (i32.const 6) (local.get $type)))
                (br_if $stop (i32.gt_u (i32.add (local.get $headers) (i32.add (local.get $type) (i32.const 2))) (local.get $length)))))))
        (local.set $step (i32.and (i32.add (local.get $length) (i32.const 23)) (i32.const -8)))
        (local.set $since (local.get $d))
        (block $over
          (loop $run
            (br_if $over (i64.ne (i64.load offset=8 (local.get $d)) (local.get $command)))
            (local.set $address (i64.load (local.get $d)))
            (br_if $over (i64.ge_u (i64.sub (local.get $address) (i64.const 1)) (local.get $near)))
            (i64.store (local.get $at) (i64.extend_i32_u (local.get $length)))
            (local.set $from (i32.wrap_i64 (local.get $address)))
            (v128.store offset=16 align=1 (local.get $at) (v128.load align=1 (local.get $from)))
            (v128.store offset=32 align=1 (local.get $at) (v128.load offset=16 align=1 (local.get $from)))
            (local.set $to (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 32)))
            (local.set $last (i32.sub (i32.add (local.get $from) (local.get $length)) (i32.const 32)))
            (v128.store offset=16 align=1 (local.get $to) (v128.load align=1 (local.get $last)))
            (v128.store offset=32 align=1 (local.get $to) (v128.load offset=16 align=1 (local.get $last)))
            (if (i32.gt_u (local.get $length) (i32.const 64))
              (then
                (local.set $to (local.get $at))
                (loop $blocks
                  (v128.store offset=48 align=1 (local.get $to) (v128.load offset=32 align=1 (local.get $from)))
                  (v128.store offset=64 align=1 (local.get $to) (v128.load offset=48 align=1 (local.get $from)))
                  (local.set $to (i32.add (local.get $to) (i32.const 32)))
                  (local.set $from (i32.add (local.get $from) (i32.const 32)))
                  (br_if $blocks (i32.lt_u (local.get $from) (i32.sub (local.get $last) (i32.const 32)))))))
            (if (i32.and (i32.load8_u offset=16 (local.get $at)) (i32.const 1))
              (then
                (local.set $tally (i32.add (i32.load offset=4 (local.get $row))
                  (select (i32.const 56) (i32.const 64) (i32.eq (i32.load offset=16 (local.get $at)) (i32.const -1)))))
                (f64.store (local.get $tally) (f64.add (f64.load (local.get $tally)) (f64.const 1)))))
            (if (i32.and (i32.wrap_i64 (local.get $command)) (i32.load offset=32 (local.get $row)))
              (then
                (i32.store offset=12 (local.get $d)
                  (i32.or (i32.wrap_i64 (i64.shr_u (local.get $command) (i64.const 32))) (i32.const 1)))))
            (local.set $at (i32.add (local.get $at) (local.get $step)))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (br_if $run (i32.lt_u (local.get $d) (local.get $end)))))
        (local.set $frames (i32.shr_u (i32.sub (local.get $d) (local.get $since)) (i32.const 4)))
        (br_if $stop (i32.eqz (local.get $frames)))
        (local.set $commands (i32.or (local.get $commands) (i32.wrap_i64 (local.get $command))))
        (if (local.get $wanted)
          (then
            ;; The frames of the run once more, where they lie now: what stands in a checksum's field is a part of its sum. A sum
            ;; and itself with its halves exchanged make the sum of the halves, carry taken in, above.
            (local.set $from (i32.add (i32.sub (local.get $at) (i32.mul (local.get $step) (local.get $frames)))
              (i32.add (local.get $headers) (i32.const 16))))
            ;; Sixteen bytes a step, and the last sixteen: those that are fresh, up to a byte behind the frame when their number is
            ;; odd. Which these are is read from memory: whatever V8 can compute again it computes for each frame.
            (local.set $rest (i32.sub (local.get $length) (local.get $headers)))
            (local.set $whole (v128.load offset=64 align=1
              (i32.add (local.get $row) (i32.and (local.get $rest) (i32.const 1)))))
            (local.set $rest (i32.add (local.get $rest) (i32.and (local.get $rest) (i32.const 1))))
            (local.set $fresh (v128.load offset=64 align=1
              (i32.sub (local.get $row) (i32.and (i32.sub (i32.const 0) (local.get $rest)) (i32.const 15)))))
            (local.set $rest (i32.sub (local.get $rest) (i32.const 16)))
            (loop $sums
              (if (i32.and (local.get $wanted) (i32.const 1))
                (then
                  (local.set $to (i32.sub (local.get $from) (i32.const 20)))
                  (local.set $sum (i64.load align=1 (local.get $to)))
                  (local.set $address (i64.load offset=8 align=1 (local.get $to)))
                  (local.set $sum (i64.add (i64.add
                    (i64.add (i64.and (local.get $sum) (i64.const 0xffffffff)) (i64.shr_u (local.get $sum) (i64.const 32)))
                    (i64.add (i64.and (local.get $address) (i64.const 0xffffffff)) (i64.shr_u (local.get $address) (i64.const 32))))
                    (i64.load32_u offset=16 align=1 (local.get $to))))
                  (local.set $last (i32.wrap_i64 (i64.shr_u
                    (i64.add (local.get $sum) (i64.rotl (local.get $sum) (i64.const 32))) (i64.const 32))))
                  (i32.store16 offset=10 align=1 (local.get $to) (i32.shr_u (i32.xor (i32.const -1)
                    (i32.add (local.get $last) (i32.rotl (local.get $last) (i32.const 16)))) (i32.const 16)))))
              (if (i32.and (local.get $wanted) (i32.const 2))
                (then
                  (local.set $to (local.get $from))
                  (local.set $last (i32.add (local.get $from) (local.get $rest)))
                  (local.set $total (i32x4.extadd_pairwise_i16x8_u (v128.and
                    (v128.and (local.get $fresh) (local.get $whole)) (v128.load align=1 (local.get $last)))))
                  (if (i32.gt_s (local.get $rest) (i32.const 0))
                    (then
                      (loop $steps
                        (local.set $total (i32x4.add (local.get $total)
                          (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $to)))))
                        (local.set $to (i32.add (local.get $to) (i32.const 16)))
                        (br_if $steps (i32.lt_u (local.get $to) (local.get $last))))))
                  (local.set $to (i32.add
                    (i32.add (i32x4.extract_lane 0 (local.get $total)) (i32x4.extract_lane 1 (local.get $total)))
                    (i32.add (i32x4.extract_lane 2 (local.get $total)) (i32x4.extract_lane 3 (local.get $total)))))
                  (local.set $to (i32.shr_u (i32.xor (i32.const -1)
                    (i32.add (local.get $to) (i32.rotl (local.get $to) (i32.const 16)))) (i32.const 16)))
                  ;; UDP's 0 is sent as all ones.
                  (if (i32.eqz (local.get $to))
                    (then (local.set $to (i32.sub (i32.const 0) (i32.eq (local.get $type) (i32.const 6))))))
                  (i32.store16 align=1 (i32.add (local.get $from) (local.get $type)) (local.get $to))))
              (local.set $from (i32.add (local.get $from) (local.get $step)))
              (br_if $sums (i32.lt_u (local.get $from) (local.get $at))))))
        (local.set $tally (i32.load offset=4 (local.get $row)))
        (local.set $length (i32.add (local.get $length) (i32.const 4)))
        (f64.store (local.get $tally) (f64.add (f64.load (local.get $tally))
          (f64.convert_i32_s (i32.mul (local.get $length) (local.get $frames)))))
        (local.set $step (i32.sub (i32.const 26) (i32.clz (i32.or (i32.const 32)
          (i32.sub (local.get $length) (i32.le_u (local.get $length) (i32.const 64)))))))
        (local.set $tally (i32.add (local.get $tally) (i32.shl
          (select (local.get $step) (i32.const 5) (i32.lt_u (local.get $step) (i32.const 5))) (i32.const 3))))
        (f64.store offset=8 (local.get $tally) (f64.add (f64.load offset=8 (local.get $tally))
          (f64.convert_i32_s (local.get $frames))))
        (br $runs)))
    (i32.store (local.get $row) (local.get $at))
    (i32.store offset=36 (local.get $row) (local.get $commands))
    (local.get $d))

  ;; Writes a head back: byte offset in host memory, and the head. Whoever sees it sees what was written before.
  (func (export "writeHead") (param $at i32) (param $head i32)
    (i32.atomic.store (local.get $at) (local.get $head))))
