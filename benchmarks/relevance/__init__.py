"""How good the product's answers are on judged collections, beside its single arms and a reference BM25."""
