import { type Manual, manualPage, type Term } from '../../shared/format/manual.ts'
import { programPage } from './program-page.ts'
import { rulesPage } from './rules-page.ts'
import { settingsPage } from './settings-page.ts'

const pages = {
  proxyd: programPage,
  'proxyd.toml': settingsPage,
  'proxyd-rules': rulesPage,
} satisfies Record<string, (flags: readonly Term[]) => Manual>

export type ManualName = keyof typeof pages

export const manualNames = Object.keys(pages) as readonly ManualName[]

/** The text of a manual page, that of the program with the flags as its help has them. */
export function manual(name: ManualName, flags: readonly Term[], version: string): string {
  return manualPage(pages[name](flags), version)
}
