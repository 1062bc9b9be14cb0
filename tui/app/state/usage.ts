/** How far back the page of what users moved looks. */
export const usagePeriods = ['24h', '7d', '31d', '400d'] as const
export type UsagePeriod = (typeof usagePeriods)[number]

export function nextPeriod(period: UsagePeriod): UsagePeriod {
  return usagePeriods[(usagePeriods.indexOf(period) + 1) % usagePeriods.length] ?? '24h'
}
