;; Where in a burst of frames the first of an Ether type is: what seek-type.ts says in TypeScript. Assembled into seek-kernel.ts;
;; test/seek-type.test.ts checks that it is current, and that it does what TypeScript does.
;;
;; Frames of one length lie at equal distances: as long as headers are equal the next one's place does not wait for its own.
(module
  (import "host" "memory" (memory 1 65536 shared))

  ;; Byte offset of the first frame, how many there are, the type as it lies in memory; returns how many are left, from the
  ;; first of that type on.
  (func (export "seekType") (param $at i32) (param $left i32) (param $type i32) (result i32)
    (local $header i64) (local $step i32)
    (block $found
      (loop $runs
        (br_if $found (i32.eqz (local.get $left)))
        (local.set $header (i64.load (local.get $at)))
        (local.set $step (i32.and (i32.add (i32.wrap_i64 (local.get $header)) (i32.const 23)) (i32.const -8)))
        (loop $run
          ;; A frame that ends before its type has none, and nothing behind it is read.
          (if (i32.ge_u (i32.wrap_i64 (local.get $header)) (i32.const 14))
            (then (br_if $found (i32.eq (i32.load16_u offset=28 (local.get $at)) (local.get $type)))))
          (local.set $at (i32.add (local.get $at) (local.get $step)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $found (i32.eqz (local.get $left)))
          (br_if $run (i64.eq (i64.load (local.get $at)) (local.get $header))))
        (br $runs)))
    (local.get $left)))
