import { formatBytes } from '../../../../shared/format/bytes.ts'
import { counted } from '../../../../shared/format/count.ts'
import { isStale } from '../../store/state.ts'
import type { Panel } from './panel.ts'

/** What there is now, and what there was since the daemon's start. */
export const totalsPanel: Panel = ({ state, look }) => {
  const { latest } = state.traffic
  if (!latest) return []
  const { down, up, connections: live, accepted, connected, failed, denied } = latest
  const texts = [
    ` Now  ${counted(live, 'connection')}   Total  down ${formatBytes(down)}  up ${formatBytes(up)}`,
    ` Clients  accepted ${accepted}  connected ${connected}  failed ${failed}  of those denied ${denied}`,
  ]
  return texts.map((text) => ({ text, style: isStale(state) ? look.theme.dim : undefined }))
}
