/** How far back the page of what users moved looks. */
export const usagePeriods = ['24h', '7d', '31d', '400d'] as const
export type UsagePeriod = (typeof usagePeriods)[number]

/** The next longer or shorter period; the same where there is none. */
export function periodBeside(period: UsagePeriod, by: number): UsagePeriod {
  return usagePeriods[usagePeriods.indexOf(period) + by] ?? period
}
