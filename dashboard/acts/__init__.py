"""The dashboard's side of what people do: the question before an act, and the address that takes it."""
