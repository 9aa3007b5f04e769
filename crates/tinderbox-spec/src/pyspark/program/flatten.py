def flatten_structs(rows: DataFrame, separator: str, explode_arrays: bool) -> DataFrame:
    """The fields of structs as columns; a row for each element of arrays where asked for."""

    def is_open(kind: DataType) -> bool:
        return isinstance(kind, StructType) or (explode_arrays and isinstance(kind, ArrayType))

    while any(is_open(field.dataType) for field in rows.schema):
        columns = []
        exploded = False
        for field in rows.schema:
            column = F.col(f"`{field.name}`")
            if isinstance(field.dataType, StructType):
                for inner in field.dataType:
                    name = f"{field.name}{separator}{inner.name}"
                    columns.append(column.getField(inner.name).alias(name))
            elif is_open(field.dataType) and not exploded:
                # Spark explodes one array at a time.
                exploded = True
                columns.append(F.explode_outer(column).alias(field.name))
            else:
                columns.append(column)
        rows = rows.select(columns)
    names = [name.lower() for name in rows.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"flatten gives several columns these names: {', '.join(twice)}")
    return rows
