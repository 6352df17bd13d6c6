def test_it(node):
    print(node.core().list_node().items[0].status)
    assert 0
