"""The graph as tables and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.spelling import spell_id

if TYPE_CHECKING:
    import polars as pl

    from isthmus.graph.database import Graph
    from isthmus.graph.generations import Edges
    from isthmus.graph.interests import ItemVectors


class GraphReader:
    """What a session reads as tables and arrays."""

    @property
    def graph(self) -> Graph:
        """The connection."""
        raise NotImplementedError

    def query(self, statement: str, /, **parameters: Any) -> pl.DataFrame:
        """Runs a statement of the catalogue or Cypher of your own, and returns a table.

        It runs in a read transaction: what writes is refused.

        Args:
            statement: Name in the catalogue, such as `recommend/history`, or Cypher text.
            **parameters: Exactly the parameters of the statement.

        Raises:
            NotFound: The catalogue has no statement of this name.
            InputError: A parameter is missing, unknown or of no type of Cypher, or the text is not
                valid Cypher or writes.
        """
        from isthmus.api.tables import query_table

        return query_table(self.graph, statement, parameters)

    def edges(self, kind: str = "transfer", generation: int | None = None) -> Edges:
        """Returns the learned edges of one kind as arrays.

        Args:
            kind: `transfer` between items of different domains, `co_liked` between items of one
                domain, `interest` from interests to items, or `domain_popularity` from domains.
            generation: Number of the generation; None for the active one.

        Raises:
            InputError: There is no such kind or generation.
            NothingToDo: No edges are learned yet.
        """
        from isthmus.graph.generations import read_edges

        return read_edges(self.graph, kind, generation)

    def vectors(self, domain: str | None = None) -> ItemVectors:
        """Returns the embeddings of the items, or of those of a domain, as an array.

        Raises:
            NotFound: The domain does not exist.
            InputError: Nothing is encoded yet.
        """
        from isthmus.graph.interests import read_item_vectors
        from isthmus.graph.serving import check_names

        if domain is not None:
            domain = spell_id(domain)
            check_names(self.graph, None, domain)
        return read_item_vectors(self.graph, domain)
