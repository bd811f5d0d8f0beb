// The right side: messages of the last hour by agent, holds, tasks and threads.

import type { ComponentChildren, JSX } from 'preact'
import { openIn, type TaskNode } from '../model/tasks.js'
import { ACTIVITY } from '../model/views.js'
import { countOf } from '../page-state.js'
import { hasMoreThreads, holds, threads, tree } from '../room.js'
import { Guard } from './guard.js'
import { foundHolds, Holds } from './holds.js'
import { MiniPlot } from './plot.js'
import { show } from './sidebar.js'
import { foundTasks, Tasks } from './tasks.js'
import { foundThreads, Threads } from './threads.js'

export function Work(): JSX.Element {
  const openTasks = (nodes: readonly TaskNode[]) => nodes.reduce((sum, node) => sum + openIn(node), 0)
  return (
    <aside class="work" aria-label="Work">
      <Section title="Last hour" action={{ label: 'Activity', act: () => show(ACTIVITY) }}>
        <MiniPlot />
      </Section>
      <Section title="Held" count={countOf(foundHolds.value.length, holds.value.length)}>
        <Holds />
      </Section>
      <Section title="Tasks" count={countOf(openTasks(foundTasks.value), openTasks(tree.value))}>
        <Tasks />
      </Section>
      <Section
        title="Threads"
        count={countOf(foundThreads.value.length, threads.value.length, hasMoreThreads.value)}
      >
        <Threads />
      </Section>
    </aside>
  )
}

interface SectionProps {
  readonly title: string
  readonly count?: string
  readonly action?: { readonly label: string; readonly act: () => void }
  readonly children: ComponentChildren
}

function Section({ title, count, action, children }: SectionProps): JSX.Element {
  return (
    <section class="panel" aria-label={title}>
      <h2>
        {title}
        {count !== undefined && <span class="count">{count}</span>}
        {action && (
          <button type="button" class="panel-action" onClick={action.act}>
            {action.label}
          </button>
        )}
      </h2>
      <Guard of={children} what="list" tag="div">
        {children}
      </Guard>
    </section>
  )
}
