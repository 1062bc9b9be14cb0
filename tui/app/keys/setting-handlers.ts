import type { Setting } from '../../../shared/protocol/methods.ts'
import { settingForm } from '../store/dialogs.ts'
import { settingsView } from '../store/view.ts'
import { valueText } from '../tables/settings-table.ts'
import type { App, Handler } from './app.ts'
import { tell } from './list-handlers.ts'
import { changeOf, propose } from './propose.ts'
import { tellDialog } from './tell-dialog.ts'

/** Filters that one key goes through: all, those somebody has chosen, those to be changed now, those that wait. */
const groups = ['', '!source:default', 'acts:"at once"', 'acts:restart']

export const settingHandlers = {
  changeSetting: (app) => withSetting(app, (setting, revision) => change(app, setting, revision)),
  settingGroup: (app) => {
    const at = groups.indexOf(app.store.state.lists.settings.filter) + 1
    tell(app, { do: 'setFilter', filter: groups[at % groups.length] ?? '' })
  },
  resetSetting: (app) =>
    withSetting(app, (setting, revision) => {
      const { name, source } = setting
      if (source === 'default' || source === 'file')
        return app.store.announce(`${name} was not set here: its value is from the ${source} already`, 'bad')
      const facts = [
        `It is ${valueText(setting.value, setting)} now; the default is ${valueText(setting.default, setting)}.`,
      ]
      propose(app, changeOf(setting, null, revision), { question: `Forget what was set as ${name}?`, facts })
    }),
} satisfies Record<string, Handler>

/** By a choice where there are few values, else by a field. */
function change(app: App, setting: Setting, revision: number): void {
  const { name, value, summary } = setting
  const known = setting.type === 'flag' ? [false, true] : setting.choices
  if (!known) return tellDialog(app, { do: 'open', dialog: settingForm(setting, revision) })
  // A daemon newer than the app may be at a value that its list does not name to us.
  const values = typeof value === 'string' && !known.some((each) => each === value) ? [value, ...known] : known
  const options = values.map((each) => ({
    name: each === value ? `${each} (as it is)` : String(each),
    action: each === value ? null : changeOf(setting, each, revision),
  }))
  const now = options.findIndex(({ action }) => action === null)
  // Of two, whoever comes here wants the other one.
  const chosen = setting.type === 'flag' ? 1 - now : Math.max(0, now)
  tellDialog(app, { do: 'open', dialog: { kind: 'choice', question: name, advice: summary, options, chosen } })
}

/** The setting under the cursor, if it can change while the daemon runs; else why not is told. */
function withSetting(app: App, use: (setting: Setting, revision: number) => void): void {
  const { state } = app.store
  const { rows, cursor } = settingsView(state)
  const setting = rows[cursor]
  if (!setting || !state.configuration) return app.store.announce('nothing is selected', 'bad')
  if (setting.runtime) return use(setting, state.configuration.revision)
  app.store.announce(`${setting.name} acts at start only: set it in the config file or by flag`, 'bad')
}
