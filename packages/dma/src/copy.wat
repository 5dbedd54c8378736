;; Bulk copies inside the host memory. memory.copy on a shared memory runs at memcpy's speed, where a typed array's
;; set() and copyWithin() go word by word. Assembled into copy-kernel.ts; test/copy.test.ts checks that it is current.
(module
  (import "host" "memory" (memory 1 65536 shared))

  (func $copy (export "copy") (param $to i32) (param $from i32) (param $bytes i32)
    local.get $to
    local.get $from
    local.get $bytes
    memory.copy)

  ;; Zeroes.
  (func (export "clear") (param $at i32) (param $bytes i32)
    local.get $at
    i32.const 0
    local.get $bytes
    memory.fill)

  ;; Carries out a list of copies: three words each, where to, where from, how many bytes. One call for a burst of small
  ;; frames, which the engine's four vector registers move faster than any loop over typed arrays.
  (func (export "copyAll") (param $list i32) (param $count i32)
    (local $end i32) (local $to i32) (local $from i32)
    (local.set $end (i32.add (local.get $list) (i32.mul (local.get $count) (i32.const 12))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $to (i32.load (local.get $list)))
        (local.set $from (i32.load offset=4 (local.get $list)))
        (if (i32.eq (i32.load offset=8 (local.get $list)) (i32.const 64))
          (then
            (v128.store (local.get $to) (v128.load (local.get $from)))
            (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
            (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
            (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from))))
          (else
            (memory.copy (local.get $to) (local.get $from) (i32.load offset=8 (local.get $list)))))
        (local.set $list (i32.add (local.get $list) (i32.const 12)))
        (br $next))))

  ;; Copies the same bytes to many places: the list has an offset for each. 64 bytes stay in four vector registers meanwhile.
  (func (export "copyToAll") (param $list i32) (param $count i32) (param $from i32) (param $bytes i32)
    (local $end i32) (local $to i32) (local $0 v128) (local $1 v128) (local $2 v128) (local $3 v128)
    (local.set $end (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (if (i32.eq (local.get $bytes) (i32.const 64))
      (then
        (local.set $0 (v128.load (local.get $from)))
        (local.set $1 (v128.load offset=16 (local.get $from)))
        (local.set $2 (v128.load offset=32 (local.get $from)))
        (local.set $3 (v128.load offset=48 (local.get $from)))
        (block $done
          (loop $next
            (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
            (local.set $to (i32.load (local.get $list)))
            (v128.store (local.get $to) (local.get $0))
            (v128.store offset=16 (local.get $to) (local.get $1))
            (v128.store offset=32 (local.get $to) (local.get $2))
            (v128.store offset=48 (local.get $to) (local.get $3))
            (local.set $list (i32.add (local.get $list) (i32.const 4)))
            (br $next))))
      (else
        (block $done
          (loop $next
            (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
            (memory.copy (i32.load (local.get $list)) (local.get $from) (local.get $bytes))
            (local.set $list (i32.add (local.get $list) (i32.const 4)))
            (br $next)))))))
