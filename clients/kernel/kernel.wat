;; The loops in which a surrogate spends its time, four float32 numbers or two float64 numbers at a time. clients/web/surrogate/kernel.js calls
;; them, and does the same without WebAssembly. `make kernel` compiles this file. Addresses and steps are in bytes.
(module
  (import "page" "memory" (memory 1))

  ;; out[i][j] = sum over k of factors[i][k] terms[k][j], for blocks of 4 rows and 8 columns. A table at `places` holds
  ;; the address of each row of terms. Rows of a last block that is not whole are computed more than once.
  (func (export "multiply")
    (param $out i32) (param $outStep i32)
    (param $factors i32) (param $rowStep i32) (param $innerStep i32) (param $rows i32)
    (param $places i32) (param $inner i32) (param $width i32)
    (local $i i32) (local $j i32) (local $start i32) (local $last i32) (local $end i32) (local $place i32) (local $term i32)
    (local $r1 i32) (local $r2 i32) (local $r3 i32)
    (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32)
    (local $x v128) (local $y v128) (local $f v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local $y0 v128) (local $y1 v128) (local $y2 v128) (local $y3 v128)
    (local.set $last (i32.sub (local.get $rows) (i32.const 1)))
    (local.set $end (i32.add (local.get $places) (i32.shl (local.get $inner) (i32.const 2))))
    (loop $columns
      (local.set $i (i32.const 0))
      (loop $blocks
        (local.set $r1 (call $least (i32.add (local.get $i) (i32.const 1)) (local.get $last)))
        (local.set $r2 (call $least (i32.add (local.get $i) (i32.const 2)) (local.get $last)))
        (local.set $r3 (call $least (i32.add (local.get $i) (i32.const 3)) (local.get $last)))
        (local.set $a0 (i32.add (local.get $factors) (i32.mul (local.get $i) (local.get $rowStep))))
        (local.set $a1 (i32.add (local.get $factors) (i32.mul (local.get $r1) (local.get $rowStep))))
        (local.set $a2 (i32.add (local.get $factors) (i32.mul (local.get $r2) (local.get $rowStep))))
        (local.set $a3 (i32.add (local.get $factors) (i32.mul (local.get $r3) (local.get $rowStep))))
        (local.set $x0 (v128.const i32x4 0 0 0 0))
        (local.set $x1 (local.get $x0))
        (local.set $x2 (local.get $x0))
        (local.set $x3 (local.get $x0))
        (local.set $y0 (local.get $x0))
        (local.set $y1 (local.get $x0))
        (local.set $y2 (local.get $x0))
        (local.set $y3 (local.get $x0))
        (local.set $place (local.get $places))
        (loop $sum
          (local.set $term (i32.add (i32.load (local.get $place)) (local.get $j)))
          (local.set $x (v128.load (local.get $term)))
          (local.set $y (v128.load offset=16 (local.get $term)))
          (local.set $f (v128.load32_splat (local.get $a0)))
          (local.set $x0 (f32x4.add (local.get $x0) (f32x4.mul (local.get $f) (local.get $x))))
          (local.set $y0 (f32x4.add (local.get $y0) (f32x4.mul (local.get $f) (local.get $y))))
          (local.set $f (v128.load32_splat (local.get $a1)))
          (local.set $x1 (f32x4.add (local.get $x1) (f32x4.mul (local.get $f) (local.get $x))))
          (local.set $y1 (f32x4.add (local.get $y1) (f32x4.mul (local.get $f) (local.get $y))))
          (local.set $f (v128.load32_splat (local.get $a2)))
          (local.set $x2 (f32x4.add (local.get $x2) (f32x4.mul (local.get $f) (local.get $x))))
          (local.set $y2 (f32x4.add (local.get $y2) (f32x4.mul (local.get $f) (local.get $y))))
          (local.set $f (v128.load32_splat (local.get $a3)))
          (local.set $x3 (f32x4.add (local.get $x3) (f32x4.mul (local.get $f) (local.get $x))))
          (local.set $y3 (f32x4.add (local.get $y3) (f32x4.mul (local.get $f) (local.get $y))))
          (local.set $a0 (i32.add (local.get $a0) (local.get $innerStep)))
          (local.set $a1 (i32.add (local.get $a1) (local.get $innerStep)))
          (local.set $a2 (i32.add (local.get $a2) (local.get $innerStep)))
          (local.set $a3 (i32.add (local.get $a3) (local.get $innerStep)))
          (local.set $place (i32.add (local.get $place) (i32.const 4)))
          (br_if $sum (i32.lt_u (local.get $place) (local.get $end))))
        (call $store (i32.add (local.get $j) (call $row (local.get $out) (local.get $outStep) (local.get $i))) (local.get $x0) (local.get $y0))
        (call $store (i32.add (local.get $j) (call $row (local.get $out) (local.get $outStep) (local.get $r1))) (local.get $x1) (local.get $y1))
        (call $store (i32.add (local.get $j) (call $row (local.get $out) (local.get $outStep) (local.get $r2))) (local.get $x2) (local.get $y2))
        (call $store (i32.add (local.get $j) (call $row (local.get $out) (local.get $outStep) (local.get $r3))) (local.get $x3) (local.get $y3))
        (br_if $blocks (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $rows))))
      ;; A last block of 4 columns begins 4 columns earlier.
      (local.set $start (i32.add (local.get $j) (i32.const 32)))
      (local.set $j (call $least (local.get $start) (i32.sub (local.get $width) (i32.const 32))))
      (br_if $columns (i32.lt_u (local.get $start) (local.get $width)))))

  ;; out[j] = max(out[j] + bias, slope (out[j] + bias)) + added[j], for `width` bytes
  (func (export "activate") (param $out i32) (param $added i32) (param $width i32) (param $bias f32) (param $slope f32)
    (local $end i32) (local $x v128)
    (local.set $end (i32.add (local.get $out) (local.get $width)))
    (loop $columns
      (local.set $x (f32x4.add (v128.load (local.get $out)) (f32x4.splat (local.get $bias))))
      (v128.store (local.get $out)
        (f32x4.add
          (f32x4.max (local.get $x) (f32x4.mul (local.get $x) (f32x4.splat (local.get $slope))))
          (v128.load (local.get $added))))
      (local.set $added (i32.add (local.get $added) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const 16))) (local.get $end)))))

  ;; sums[i][j] = a[i][j] + b[i][j] and differences[i][j] = a[i][j] - b[i][j], for rows of `width` bytes
  (func (export "cross")
    (param $sums i32) (param $differences i32) (param $outStep i32) (param $a i32) (param $b i32) (param $inStep i32)
    (param $rows i32) (param $width i32)
    (local $j i32) (local $x v128) (local $y v128)
    (loop $row
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $x (v128.load (i32.add (local.get $a) (local.get $j))))
        (local.set $y (v128.load (i32.add (local.get $b) (local.get $j))))
        (v128.store (i32.add (local.get $sums) (local.get $j)) (f32x4.add (local.get $x) (local.get $y)))
        (v128.store (i32.add (local.get $differences) (local.get $j)) (f32x4.sub (local.get $x) (local.get $y)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 16))) (local.get $width))))
      (local.set $a (i32.add (local.get $a) (local.get $inStep)))
      (local.set $b (i32.add (local.get $b) (local.get $inStep)))
      (local.set $sums (i32.add (local.get $sums) (local.get $outStep)))
      (local.set $differences (i32.add (local.get $differences) (local.get $outStep)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Four mirror images of columns from sums of waves: cosines of even and of odd orders, and sines of both. Sums and
  ;; images are `step` bytes apart. Image q is multiplied by weights that begin at weights + q weightStep, and is added
  ;; to what is there (and keep; keep is -1, or 0 to begin a sum).
  (func (export "unfold")
    (param $out i32) (param $keep i32) (param $sums i32) (param $step i32) (param $weights i32) (param $weightStep i32)
    (param $width i32)
    (local $end i32) (local $in i32) (local $w i32) (local $to i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $x v128) (local $kept v128)
    (local.set $kept (i32x4.splat (local.get $keep)))
    (local.set $end (i32.add (local.get $out) (local.get $width)))
    (loop $columns
      (local.set $a (v128.load (local.get $sums)))
      (local.set $b (v128.load (local.tee $in (i32.add (local.get $sums) (local.get $step)))))
      (local.set $c (v128.load (local.tee $in (i32.add (local.get $in) (local.get $step)))))
      (local.set $d (v128.load (i32.add (local.get $in) (local.get $step))))
      (local.set $x (f32x4.sub (local.get $a) (local.get $b)))
      (local.set $a (f32x4.add (local.get $a) (local.get $b)))
      (local.set $b (local.get $x))
      (local.set $x (f32x4.sub (local.get $d) (local.get $c)))
      (local.set $c (f32x4.add (local.get $c) (local.get $d)))
      (local.set $d (local.get $x))
      (local.set $to (local.get $out))
      (local.set $w (local.get $weights))
      (v128.store (local.get $to)
        (f32x4.add
          (v128.and (local.get $kept) (v128.load (local.get $to)))
          (f32x4.mul (v128.load (local.get $w)) (f32x4.add (local.get $a) (local.get $c)))))
      (local.set $to (i32.add (local.get $to) (local.get $step)))
      (local.set $w (i32.add (local.get $w) (local.get $weightStep)))
      (v128.store (local.get $to)
        (f32x4.add
          (v128.and (local.get $kept) (v128.load (local.get $to)))
          (f32x4.mul (v128.load (local.get $w)) (f32x4.sub (local.get $a) (local.get $c)))))
      (local.set $to (i32.add (local.get $to) (local.get $step)))
      (local.set $w (i32.add (local.get $w) (local.get $weightStep)))
      (v128.store (local.get $to)
        (f32x4.add
          (v128.and (local.get $kept) (v128.load (local.get $to)))
          (f32x4.mul (v128.load (local.get $w)) (f32x4.add (local.get $b) (local.get $d)))))
      (local.set $to (i32.add (local.get $to) (local.get $step)))
      (local.set $w (i32.add (local.get $w) (local.get $weightStep)))
      (v128.store (local.get $to)
        (f32x4.add
          (v128.and (local.get $kept) (v128.load (local.get $to)))
          (f32x4.mul (v128.load (local.get $w)) (f32x4.sub (local.get $b) (local.get $d)))))
      (local.set $sums (i32.add (local.get $sums) (i32.const 16)))
      (local.set $weights (i32.add (local.get $weights) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const 16))) (local.get $end)))))

  ;; The transpose of `unfold` without weights, in place: mirror images become what sums over waves need.
  (func (export "fold") (param $at i32) (param $step i32) (param $width i32)
    (local $end i32) (local $at1 i32) (local $at2 i32) (local $at3 i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $x v128)
    (local.set $end (i32.add (local.get $at) (local.get $width)))
    (loop $columns
      (local.set $at1 (i32.add (local.get $at) (local.get $step)))
      (local.set $at2 (i32.add (local.get $at1) (local.get $step)))
      (local.set $at3 (i32.add (local.get $at2) (local.get $step)))
      (local.set $a (v128.load (local.get $at)))
      (local.set $b (v128.load (local.get $at1)))
      (local.set $c (v128.load (local.get $at2)))
      (local.set $d (v128.load (local.get $at3)))
      (local.set $x (f32x4.sub (local.get $a) (local.get $b)))
      (local.set $a (f32x4.add (local.get $a) (local.get $b)))
      (local.set $b (f32x4.sub (local.get $c) (local.get $d)))
      (local.set $c (f32x4.add (local.get $c) (local.get $d)))
      (v128.store (local.get $at) (f32x4.add (local.get $a) (local.get $c)))
      (v128.store (local.get $at1) (f32x4.sub (local.get $a) (local.get $c)))
      (v128.store (local.get $at2) (f32x4.sub (local.get $x) (local.get $b)))
      (v128.store (local.get $at3) (f32x4.add (local.get $x) (local.get $b)))
      (br_if $columns (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end)))))

  ;; out[j] = a[j] + factor b[j], for `width` bytes
  (func (export "sum") (param $out i32) (param $a i32) (param $b i32) (param $width i32) (param $factor f32)
    (local $j i32)
    (loop $columns
      (v128.store (i32.add (local.get $out) (local.get $j))
        (f32x4.add
          (v128.load (i32.add (local.get $a) (local.get $j)))
          (f32x4.mul (f32x4.splat (local.get $factor)) (v128.load (i32.add (local.get $b) (local.get $j))))))
      (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 16))) (local.get $width)))))

  ;; Adds multiples of the row at `pivot` to `rows` rows, in float64, so that their numbers at `at` become zero. Only
  ;; `width` bytes from `from` on are computed.
  (func (export "eliminate")
    (param $row i32) (param $rowStep i32) (param $rows i32) (param $pivot i32) (param $at i32) (param $from i32) (param $width i32)
    (local $j i32) (local $end i32) (local $factor v128)
    (local.set $end (i32.add (local.get $from) (local.get $width)))
    (loop $each
      (local.set $factor
        (f64x2.splat
          (f64.neg
            (f64.div
              (f64.load (i32.add (local.get $row) (local.get $at)))
              (f64.load (i32.add (local.get $pivot) (local.get $at)))))))
      (local.set $j (local.get $from))
      (loop $columns
        (v128.store (i32.add (local.get $row) (local.get $j))
          (f64x2.add
            (v128.load (i32.add (local.get $row) (local.get $j)))
            (f64x2.mul (local.get $factor) (v128.load (i32.add (local.get $pivot) (local.get $j))))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 16))) (local.get $end))))
      (local.set $row (i32.add (local.get $row) (local.get $rowStep)))
      (br_if $each (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  (func $least (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))

  (func $row (param $first i32) (param $step i32) (param $i i32) (result i32)
    (i32.add (local.get $first) (i32.mul (local.get $step) (local.get $i))))

  (func $store (param $at i32) (param $x v128) (param $y v128)
    (v128.store (local.get $at) (local.get $x))
    (v128.store offset=16 (local.get $at) (local.get $y))))
