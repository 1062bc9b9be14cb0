import { unknown } from './unknown.ts'

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']
const bitUnits = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s', 'Pbit/s']

/** A number of bytes for people, in powers of 1024: `0 B`, `1.50 KiB`, `12.3 MiB`, `1023 GiB`; `?` for what is no number. At most 8 characters. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, byteUnits)
}

/**
 * A rate for people. `bytesPerSecond` may be a fraction. As bytes in powers of 1024 (`1.50 KiB/s`), or as network people
 * count, in bits and powers of 1000 (`12.3 Mbit/s`).
 */
export function formatRate(bytesPerSecond: number, unit: 'bytes' | 'bits' = 'bytes'): string {
  return unit === 'bits' ? scaled(bytesPerSecond * 8, 1000, bitUnits) : `${formatBytes(bytesPerSecond)}/s`
}

/** Three digits, or the four of 1000 to 1023, and the unit that leaves so few. Below the second unit no fraction. */
function scaled(amount: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(amount)) return unknown
  let value = Math.max(0, amount)
  let step = 0
  while (Math.round(value) >= base && step < units.length - 1) {
    value /= base
    step += 1
  }
  return `${step === 0 ? Math.round(value) : threeDigits(value)} ${units[step]}`
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  return value.toFixed(value < 99.95 ? 1 : 0)
}
