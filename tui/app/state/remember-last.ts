/** `compute`, which is not run again while its arguments stay the same objects. */
export function rememberLast<Arguments extends readonly unknown[], Value>(
  compute: (...given: Arguments) => Value,
): (...given: Arguments) => Value {
  let last: { readonly given: Arguments; readonly value: Value } | undefined
  return (...given) => {
    if (!last?.given.every((argument, at) => argument === given[at])) last = { given, value: compute(...given) }
    return last.value
  }
}
