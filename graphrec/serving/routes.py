"""All routes: method, path, token, where it runs, what it takes and answers."""

from graphrec.serving import answers, status, users
from graphrec.serving import messages as m
from graphrec.serving.endpoint import USER, Spec
from graphrec.serving.explorer import catalogue, people, plane
from graphrec.serving.explorer import messages as x

PERSON = f"/v1/users/{USER}"

ROUTES: tuple[Spec, ...] = (
    Spec(
        "POST",
        "/v1/recommend",
        "read",
        "loop",
        answers.recommend,
        m.Recommended,
        m.Recommend,
        remember=True,
        listed=answers.listed,
    ),
    Spec("POST", "/v1/recommend-from", "read", "loop", answers.recommend_from, m.Recommended, m.RecommendFrom),
    Spec("POST", "/v1/similar", "read", "loop", answers.similar, m.Neighbours, m.Similar),
    Spec("POST", "/v1/search", "read", "thread", answers.search, m.Neighbours, m.Search),
    Spec("POST", "/v1/embed", "read", "thread", answers.embed, m.Embedded, m.Embed, image=True),
    Spec("GET", f"{PERSON}/interests", "read", "thread", users.interests, m.UserInterests),
    Spec("PATCH", f"{PERSON}/interests", "write", "write", users.set_wishes, m.UserInterests, m.SetWishes),
    Spec("POST", "/v1/events", "write", "events", users.add_events, m.Kept, m.NewEvents),
    Spec("DELETE", PERSON, "admin", "write", users.forget, m.Forgotten),
    Spec("GET", "/v1/users", "read", "thread", people.some_users, x.SomeUsers),
    Spec("GET", f"{PERSON}/actions", "read", "thread", people.actions, x.UserActions),
    Spec("POST", "/v1/flits", "read", "thread", catalogue.flits, x.Flits, x.LookUp),
    Spec("POST", "/v1/neighbours", "read", "thread", catalogue.neighbours, x.Surroundings, x.AskNeighbours),
    Spec("GET", "/v1/projection", "read", "thread", plane.plane, x.Plane),
    Spec("GET", "/v1/images/{digest}", "read", "thread", catalogue.image, None),
    Spec("GET", "/version", "read", "loop", status.version, m.VersionInfo),
    Spec("GET", "/metrics", "read", "open", status.metrics, None),
    Spec("GET", "/healthz", "open", "open", status.health, None),
    Spec("GET", "/readyz", "open", "open", status.ready, None),
)
