"""Inner join, n-ary.

    Δ(A₁ ⋈ … ⋈ Aₙ) = Σᵢ  A₁⁻ ⋈ … ⋈ Aᵢ₋₁⁻ ⋈ ΔAᵢ ⋈ Aᵢ₊₁ ⋈ … ⋈ Aₙ        over the changed inputs i

With A⁻ the state before and A the state after, the sum telescopes: neighbouring terms share all but one
input, and what is left is A₁ ⋈ … ⋈ Aₙ − A₁⁻ ⋈ … ⋈ Aₙ⁻. Because ⋈ is linear, A⁻ = A − ΔA is taken apart where
it is joined, so no state before the change is ever built. Each term starts from its small ΔAᵢ and looks the
others up by joined keys: as many terms as changed inputs, none of which reads a relation as a whole where an
index serves the key.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.differentiate.narrow import narrowed_delta
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import Empty, Join, Op, Project, union_all


def delta_join(op: Join, delta: Calculus) -> Op:
    """One term for each changed input."""
    deltas = [narrowed_delta(op, position, delta) for position in range(len(op.inputs))]
    states = [delta.state(side) for side in op.inputs]
    changed = [index for index, change in enumerate(deltas) if not isinstance(change, Empty)]
    terms: list[Op] = []
    for index in changed:
        others = [state for position, state in enumerate(states) if position != index]
        minus = {id(states[earlier]): deltas[earlier] for earlier in changed if earlier < index}
        term = delta.restrict.drive(deltas[index], others, op.predicates, minus)
        terms.append(Project(term, tuple((name, ex.column(name)) for name in op.columns)))
    return union_all(tuple(terms), op.columns)
