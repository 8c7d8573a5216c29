from graphrec.cli.show import because


def test_a_length_is_told_beside_the_cosine() -> None:
    told = {
        "reason": "interests", "interest": {"id": "f1", "text": "owls"}, "importance_share": 0.5, "similarity": 0.8,
        "nearest_action": {"id": "f2", "text": "", "similarity": 0.7}, "prior": 0.0,
    }  # fmt: skip
    assert "cosine 0.80; engaged with" in because(told)
    assert "cosine 0.80 × length 1.25; engaged with" in because({**told, "length": 1.25})
