import type { Group } from '../../../shared/protocol/methods.ts'
import { groupLimitsForm, newGroupForm, userLimitsForm } from '../state/limit-forms.ts'
import { groupsView } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { begin, tellDialog } from './perform.ts'
import { selectedUser } from './selection.ts'

/** What is done about limits of users and of groups. */
export const limitHandlers = {
  userLimits: (app) => {
    const { state } = app.store
    const selected = selectedUser(state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    tellDialog(app, { do: 'open', dialog: userLimitsForm(selected.row, state.groups) })
  },
  groupLimits: (app) =>
    withGroup(app, (group) => tellDialog(app, { do: 'open', dialog: groupLimitsForm(group, app.store.state.groups) })),
  addGroup: (app) => tellDialog(app, { do: 'open', dialog: newGroupForm(app.store.state.groups) }),
  removeGroup: (app) => withGroup(app, ({ name }) => void begin(app, { verb: 'groups remove', values: [name] })),
} satisfies Record<string, Handler>

function withGroup(app: App, use: (group: Group) => void): void {
  const { rows, cursor } = groupsView(app.store.state)
  const group = rows[cursor]
  if (group) use(group)
  else app.store.announce('nothing is selected', 'bad')
}
