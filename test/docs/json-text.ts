/** Columns of an example, at most, where JSON has a place to break. */
const width = 116

/** JSON for people: on one line what fits there, the rest broken up one level after the other. */
export function jsonText(value: unknown, indent = '', taken = 0): string {
  const line = oneLine(value)
  if (indent.length + taken + line.length <= width || typeof value !== 'object' || value === null) return line
  const deeper = `${indent}  `
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const parts = Array.isArray(value)
    ? value.map((item) => deeper + jsonText(item, deeper))
    : Object.entries(value).map(([key, item]) => {
        const name = `${JSON.stringify(key)}: `
        return deeper + name + jsonText(item, deeper, name.length)
      })
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`)
  return members.length > 0 ? `{ ${members.join(', ')} }` : '{}'
}
