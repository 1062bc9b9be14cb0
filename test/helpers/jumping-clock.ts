/** Loaded ahead of proxyd (`node --import`), sets the clock of its main thread, 400 days on at SIGWINCH, and 800 back at SIGURG. */
const day = 86_400_000
const RealDate = Date
let ahead = 0

globalThis.Date = class extends RealDate {
  constructor(given: number | string | Date = RealDate.now() + ahead) {
    super(given)
  }

  static override now(): number {
    return RealDate.now() + ahead
  }
} as DateConstructor

function jump(days: number): void {
  ahead += days * day
  process.stderr.write(`jumped to ${new Date().toISOString()}\n`)
}

process.on('SIGWINCH', () => jump(400))
process.on('SIGURG', () => jump(-800))
