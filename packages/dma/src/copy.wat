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
    memory.fill))
