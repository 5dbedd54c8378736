;; The straight line of the receive engine for frames that are looked at first: untagged IPv4 without options and IPv6 without
;; extensions, TCP or UDP over it, whole and with right checksums. Each frame is checked, hashed, and written to the queue that
;; the redirection table has for it. Offsets are those of FlowRow, FlowKind and FlowLane in flow-row.ts. Assembled into
;; flow-kernel.ts; test/flow-row.test.ts checks that it is current, and that it does what the classifier and its delivery do.
;;
;; It stops at the first frame that is anything else, at one with a wrong checksum, too, and where a queue's descriptors end.
;; A frame is summed as it is copied, and a descriptor's word that says "done" is written last. Nothing is called in the
;; loop, since V8 would keep every local in memory for it; for the same reason there are few locals.
(module
  (import "host" "memory" (memory 1 65536 shared))

  ;; The row, and how many frames there are; returns how many of them it has delivered.
  (func (export "flowRow") (param $row i32) (param $frames i32) (result i32)
    (local $at i32) (local $left i32) (local $since i32) (local $header i64) (local $length i32)
    (local $first i64) (local $words i64) (local $sum i64) (local $tail v128) (local $total v128)
    (local $from i32) (local $to i32) (local $bytes i32) (local $payload i32) (local $kind i32)
    (local $hash i32) (local $table i32) (local $lane i32) (local $d i32) (local $last i32) (local $end i32)
    (local $pseudo i32) (local $quad i32) (local $part v128) (local $half v128) (local $ones v128)
    (local.set $half (i16x8.splat (i32.const 0x8000)))
    (local.set $ones (i16x8.splat (i32.const 1)))
    (local.set $at (i32.load (local.get $row)))
    (local.set $left (local.get $frames))
    (i32.store offset=40 (local.get $row) (i32.const -1))
    ;; The key may be another one since the last call.
    (i32.store offset=108 (local.get $row) (i32.const 0))
    (block $stop
      (loop $runs
        (br_if $stop (i32.eqz (local.get $left)))
        ;; A frame's length, and above it its status: with any status the number is greater than every length.
        (local.set $header (i64.load (local.get $at)))
        (br_if $stop (i64.lt_u (local.get $header) (i64.const 60)))
        (br_if $stop (i64.gt_u (local.get $header) (i64.load32_u offset=12 (local.get $row))))
        (local.set $length (i32.wrap_i64 (local.get $header)))
        (local.set $since (local.get $left))
        (block $over
          (loop $run
            (br_if $over (i64.ne (i64.load (local.get $at)) (local.get $header)))
            (local.set $first (i64.load offset=16 (local.get $at)))
            (br_if $over (i64.ne (i64.const 0) (i64.and
              (i64.xor (local.get $first) (i64.load offset=16 (local.get $row))) (i64.load offset=24 (local.get $row)))))
            ;; From the Ether type on: where the addresses begin, and the bytes from there to the packet's end.
            (local.set $words (i64.load offset=30 align=1 (local.get $at)))
            (local.set $kind (i32.load16_u offset=28 (local.get $at)))
            (if (i32.eq (local.get $kind) (i32.const 0x0008))
              (then
                ;; Version and header length, flags and offset of fragments.
                (br_if $over (i64.ne (i64.and (local.get $words) (i64.const 0xff3f0000000000ff)) (i64.const 0x45)))
                (local.set $from (i32.add (local.get $at) (i32.const 42)))
                (local.set $payload (i32.sub (i32.const 0) (i32.const 20)))
                (local.set $bytes (i32.const 8))
                ;; The header's sum, carries taken in, is all ones: a sum and itself with its halves exchanged make the sum
                ;; of the halves, carry taken in, above.
                (local.set $sum (i64.load offset=38 align=1 (local.get $at)))
                (local.set $kind (i32.wrap_i64 (i64.and (i64.shr_u (local.get $sum) (i64.const 8)) (i64.const 0xff))))
                (local.set $sum (i64.add
                  (i64.add (i64.and (local.get $sum) (i64.const 0xffffffff)) (i64.shr_u (local.get $sum) (i64.const 32)))
                  (i64.add (i64.add (i64.and (local.get $words) (i64.const 0xffffffff)) (i64.shr_u (local.get $words) (i64.const 32)))
                    (i64.load32_u offset=46 align=1 (local.get $at)))))
                (local.set $hash (i32.wrap_i64 (i64.shr_u
                  (i64.add (local.get $sum) (i64.rotl (local.get $sum) (i64.const 32))) (i64.const 32))))
                (br_if $over (i32.lt_u (i32.add (local.get $hash) (i32.rotl (local.get $hash) (i32.const 16)))
                  (i32.const 0xffff0000)))
                (local.set $words (i64.shr_u (local.get $words) (i64.const 16))))
              (else
                (br_if $over (i32.ne (local.get $kind) (i32.const 0xdd86)))
                (br_if $over (i64.ne (i64.and (local.get $words) (i64.const 0xf0)) (i64.const 0x60)))
                (local.set $from (i32.add (local.get $at) (i32.const 38)))
                (local.set $payload (i32.const 0))
                (local.set $bytes (i32.const 32))
                (local.set $words (i64.shr_u (local.get $words) (i64.const 32)))
                (local.set $kind (i32.wrap_i64 (i64.and (i64.shr_u (local.get $words) (i64.const 16)) (i64.const 0xff))))))
            ;; The stated length, its bytes swapped: all of it is here, and holds a header of TCP or UDP.
            (local.set $payload (i32.add (local.get $payload) (i32.wrap_i64 (i64.or
              (i64.shl (i64.and (local.get $words) (i64.const 0xff)) (i64.const 8))
              (i64.and (i64.shr_u (local.get $words) (i64.const 8)) (i64.const 0xff))))))
            (local.set $to (i32.add (local.get $from) (local.get $bytes)))
            (br_if $over (i32.gt_s (i32.add (local.get $payload) (i32.sub (local.get $to) (local.get $at)))
              (i32.add (local.get $length) (i32.const 16))))
            ;; What is known of the pseudo header beside the addresses, bytes swapped as in the memory that is summed.
            (local.set $pseudo (i32.shl (i32.add (local.get $kind) (local.get $payload)) (i32.const 8)))
            (if (i32.eq (local.get $kind) (i32.const 17))
              (then
                (br_if $over (i32.lt_s (local.get $payload) (i32.const 8)))
                ;; UDP's own length is that of the packet, and there is a checksum.
                (local.set $kind (i32.load offset=4 align=1 (local.get $to)))
                (br_if $over (i32.eqz (i32.shr_u (local.get $kind) (i32.const 16))))
                (br_if $over (i32.ne (local.get $payload) (i32.or
                  (i32.shl (i32.and (local.get $kind) (i32.const 0xff)) (i32.const 8))
                  (i32.and (i32.shr_u (local.get $kind) (i32.const 8)) (i32.const 0xff)))))
                (local.set $kind (i32.const 16)))
              (else
                (br_if $over (i32.ne (local.get $kind) (i32.const 6)))
                (br_if $over (i32.lt_s (local.get $payload) (i32.const 20)))
                (local.set $kind (i32.const 0))))
            (local.set $kind (i32.add (i32.add (local.get $row) (local.get $kind))
              (select (i32.const 128) (i32.const 160) (i32.eq (local.get $bytes) (i32.const 8)))))
            ;; The hash of as many bytes as this kind of packet has hashed, and the queue for it; 0 without a hash.
            (local.set $hash (i32.const 0))
            (local.set $lane (i32.const 0))
            (local.set $last (i32.load offset=8 (local.get $kind)))
            (if (local.get $last)
              (then
                (block $hashed
                  ;; Frames of a flow come one behind the other: addresses and ports of IPv4 that are those of before have its hash.
                  (block $anew
                    (br_if $anew (i32.ne (local.get $last) (i32.load offset=108 (local.get $row))))
                    (br_if $anew (i64.ne (i64.load align=1 (local.get $from)) (i64.load offset=96 (local.get $row))))
                    (br_if $anew (i32.ne (i32.load offset=8 align=1 (local.get $from)) (i32.load offset=104 (local.get $row))))
                    (local.set $hash (i32.load offset=112 (local.get $row)))
                    (br $hashed))
                  (local.set $table (i32.load offset=32 (local.get $row)))
                  (local.set $to (local.get $from))
                  (local.set $last (i32.add (local.get $from) (local.get $last)))
                  (loop $quads
                    (local.set $quad (i32.load align=1 (local.get $to)))
                    (local.set $hash (i32.xor (local.get $hash) (i32.xor
                      (i32.xor
                        (i32.load (i32.add (local.get $table)
                          (i32.shl (i32.and (local.get $quad) (i32.const 0xff)) (i32.const 2))))
                        (i32.load offset=1024 (i32.add (local.get $table)
                          (i32.and (i32.shr_u (local.get $quad) (i32.const 6)) (i32.const 0x3fc)))))
                      (i32.xor
                        (i32.load offset=2048 (i32.add (local.get $table)
                          (i32.and (i32.shr_u (local.get $quad) (i32.const 14)) (i32.const 0x3fc))))
                        (i32.load offset=3072 (i32.add (local.get $table)
                          (i32.shl (i32.shr_u (local.get $quad) (i32.const 24)) (i32.const 2))))))))
                    (local.set $table (i32.add (local.get $table) (i32.const 4096)))
                    (local.set $to (i32.add (local.get $to) (i32.const 4)))
                    (br_if $quads (i32.lt_u (local.get $to) (local.get $last))))
                  (br_if $hashed (i32.ne (i32.load offset=8 (local.get $kind)) (i32.const 12)))
                  (i64.store offset=96 (local.get $row) (i64.load align=1 (local.get $from)))
                  (i32.store offset=104 (local.get $row) (i32.load offset=8 align=1 (local.get $from)))
                  (i32.store offset=108 (local.get $row) (i32.const 12))
                  (i32.store offset=112 (local.get $row) (local.get $hash)))
                (local.set $lane (i32.load (i32.add (i32.load offset=36 (local.get $row))
                  (i32.shl (i32.and (local.get $hash) (i32.const 127)) (i32.const 2)))))))
            ;; The queue's next descriptor, if it is here and the frame fits.
            (i32.store offset=40 (local.get $row) (local.get $lane))
            (local.set $lane (i32.add (i32.load offset=44 (local.get $row)) (i32.shl (local.get $lane) (i32.const 4))))
            (local.set $d (i32.load (local.get $lane)))
            (br_if $over (i32.ge_u (local.get $d) (i32.load offset=4 (local.get $lane))))
            (local.set $words (i64.load (local.get $d)))
            (i32.store offset=40 (local.get $row) (i32.const -1))
            (br_if $over (i32.gt_u (local.get $length) (i32.load offset=8 (local.get $lane))))
            (br_if $over (i64.ge_u (i64.sub (local.get $words) (i64.const 1)) (i64.load32_u offset=8 (local.get $row))))
            ;; The first 32 bytes and the last 32. What lies between them is the sum's, addresses and payload, and is copied as it
            ;; is summed. A frame with a wrong sum lies in a buffer then that nobody was told of, until the other way has it.
            (local.set $to (i32.wrap_i64 (local.get $words)))
            (v128.store align=1 (local.get $to) (v128.load offset=16 align=1 (local.get $at)))
            (v128.store offset=16 align=1 (local.get $to) (v128.load offset=32 align=1 (local.get $at)))
            (local.set $end (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 32)))
            (local.set $last (i32.sub (i32.add (local.get $to) (local.get $length)) (i32.const 32)))
            (v128.store align=1 (local.get $last) (v128.load offset=16 align=1 (local.get $end)))
            (v128.store offset=16 align=1 (local.get $last) (v128.load offset=32 align=1 (local.get $end)))
            ;; Sixty-four bytes a step: words less 0x8000 have a sign, so that one instruction adds them in pairs, times 1. Each
            ;; sixteen bytes lack eight times 0x8000 then.
            (local.set $bytes (i32.add (local.get $bytes) (local.get $payload)))
            (local.set $tail (v128.load offset=64 align=1
              (i32.add (local.get $row) (i32.and (local.get $bytes) (i32.const 1)))))
            (local.set $last (i32.sub (i32.add (local.get $from)
              (i32.add (local.get $bytes) (i32.and (local.get $bytes) (i32.const 1)))) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.sub (local.get $from) (i32.add (local.get $at) (i32.const 16)))))
            (local.set $total (v128.const i32x4 0 0 0 0))
            (local.set $pseudo (i32.sub (local.get $pseudo) (i32.shl (local.get $from) (i32.const 14))))
            (if (i32.gt_s (i32.sub (local.get $last) (local.get $from)) (i32.const 48))
              (then
                (loop $rounds
                  (local.set $part (v128.load align=1 (local.get $from)))
                  (v128.store align=1 (local.get $to) (local.get $part))
                  (local.set $total (i32x4.add (local.get $total) (i32x4.dot_i16x8_s
                    (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
                  (local.set $part (v128.load offset=16 align=1 (local.get $from)))
                  (v128.store offset=16 align=1 (local.get $to) (local.get $part))
                  (local.set $total (i32x4.add (local.get $total) (i32x4.dot_i16x8_s
                    (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
                  (local.set $part (v128.load offset=32 align=1 (local.get $from)))
                  (v128.store offset=32 align=1 (local.get $to) (local.get $part))
                  (local.set $total (i32x4.add (local.get $total) (i32x4.dot_i16x8_s
                    (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
                  (local.set $part (v128.load offset=48 align=1 (local.get $from)))
                  (v128.store offset=48 align=1 (local.get $to) (local.get $part))
                  (local.set $total (i32x4.add (local.get $total) (i32x4.dot_i16x8_s
                    (v128.xor (local.get $part) (local.get $half)) (local.get $ones))))
                  (local.set $from (i32.add (local.get $from) (i32.const 64)))
                  (local.set $to (i32.add (local.get $to) (i32.const 64)))
                  (br_if $rounds (i32.lt_u (local.get $from) (i32.sub (local.get $last) (i32.const 48)))))))
            (local.set $pseudo (i32.add (local.get $pseudo) (i32.shl (local.get $from) (i32.const 14))))
            (if (i32.lt_u (local.get $from) (local.get $last))
              (then
                (loop $steps
                  (local.set $part (v128.load align=1 (local.get $from)))
                  (v128.store align=1 (local.get $to) (local.get $part))
                  (local.set $total (i32x4.add (local.get $total) (i32x4.extadd_pairwise_i16x8_u (local.get $part))))
                  (local.set $from (i32.add (local.get $from) (i32.const 16)))
                  (local.set $to (i32.add (local.get $to) (i32.const 16)))
                  (br_if $steps (i32.lt_u (local.get $from) (local.get $last))))))
            ;; The last sixteen: those that are fresh, up to a byte behind the packet when their number is odd.
            (local.set $total (i32x4.add (local.get $total) (i32x4.extadd_pairwise_i16x8_u (v128.and
              (v128.and (local.get $tail) (v128.load align=1 (local.get $last)))
              (v128.load offset=64 align=1 (i32.sub (local.get $row) (i32.sub (local.get $from) (local.get $last))))))))
            (local.set $pseudo (i32.add (local.get $pseudo) (i32.add
              (i32.add (i32x4.extract_lane 0 (local.get $total)) (i32x4.extract_lane 1 (local.get $total)))
              (i32.add (i32x4.extract_lane 2 (local.get $total)) (i32x4.extract_lane 3 (local.get $total))))))
            (br_if $over (i32.lt_u (i32.add (local.get $pseudo) (i32.rotl (local.get $pseudo) (i32.const 16)))
              (i32.const 0xffff0000)))
            ;; What lies behind the packet.
            (local.set $last (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 16)))
            (if (i32.lt_u (local.get $from) (local.get $last))
              (then
                (loop $rest
                  (v128.store align=1 (local.get $to) (v128.load align=1 (local.get $from)))
                  (v128.store offset=16 align=1 (local.get $to) (v128.load offset=16 align=1 (local.get $from)))
                  (local.set $from (i32.add (local.get $from) (i32.const 32)))
                  (local.set $to (i32.add (local.get $to) (i32.const 32)))
                  (br_if $rest (i32.lt_u (local.get $from) (local.get $last))))))
            (i32.store (local.get $d) (i32.load offset=4 (local.get $kind)))
            (i32.store offset=4 (local.get $d) (local.get $hash))
            (i32.store offset=12 (local.get $d) (local.get $length))
            (i32.store offset=8 (local.get $d) (i32.load (local.get $kind)))
            (i32.store (local.get $lane) (i32.add (local.get $d) (i32.const 16)))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.add (local.get $length) (i32.const 23)) (i32.const -8))))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (if (i32.and (i32.wrap_i64 (local.get $first)) (i32.const 1))
              (then
                (local.set $to (i32.add (i32.load offset=4 (local.get $row))
                  (select (i32.const 56) (i32.const 64) (i32.eq (i32.wrap_i64 (local.get $first)) (i32.const -1)))))
                (f64.store (local.get $to) (f64.add (f64.load (local.get $to)) (f64.const 1)))))
            (br_if $run (local.get $left))))
        (local.set $bytes (i32.sub (local.get $since) (local.get $left)))
        (br_if $stop (i32.eqz (local.get $bytes)))
        ;; Octets, with frame check sequences; frames, by the length's power of two.
        (local.set $to (i32.load offset=4 (local.get $row)))
        (local.set $length (i32.add (local.get $length) (i32.const 4)))
        (f64.store (local.get $to) (f64.add (f64.load (local.get $to))
          (f64.convert_i32_s (i32.mul (local.get $length) (local.get $bytes)))))
        (local.set $from (i32.sub (i32.const 26) (i32.clz (i32.or (i32.const 32)
          (i32.sub (local.get $length) (i32.le_u (local.get $length) (i32.const 64)))))))
        (local.set $to (i32.add (local.get $to) (i32.shl
          (select (local.get $from) (i32.const 5) (i32.lt_u (local.get $from) (i32.const 5))) (i32.const 3))))
        (f64.store offset=8 (local.get $to) (f64.add (f64.load offset=8 (local.get $to))
          (f64.convert_i32_s (local.get $bytes))))
        (br $runs)))
    (i32.store (local.get $row) (local.get $at))
    (i32.sub (local.get $frames) (local.get $left))))
