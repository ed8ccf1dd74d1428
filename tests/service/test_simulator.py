"""The simulator over real sockets: what it counts, what it breaks, and that its forms are the real providers'."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError

import httpx2
import pytest

from creators.models import Platform
from creators.settings import Settings
from simulator.server import PROVIDERS, SOURCES, credential_of
from simulator.world import World

TIMEOUT_S = 10
START = datetime(2026, 11, 1, tzinfo=UTC)
PARTS = "snippet,statistics,brandingSettings,topicDetails,contentDetails,status"
MEDIA = "media.limit(3){id,caption,like_count,comments_count,timestamp,media_type,permalink,media_url}"
DISCOVERY = "business_discovery.username(%s){id,username,name,biography,followers_count,media_count," + MEDIA + "}"


class Asker:
    """Asks a simulator as each provider wants to be asked."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.client = httpx2.Client(base_url=simulator.url, timeout=TIMEOUT_S, trust_env=False)

    def get(self, provider, path, headers=None, **params):
        key = credential_of(provider, 1).rpartition(":")[2]
        auth = {"x-goog-api-key": key} if provider == "youtube" else {"authorization": f"Bearer {key}"}
        prefix = next(one.prefix for one in PROVIDERS if one.name == provider)
        return self.client.get(f"{prefix}/{path}", params=params, headers={**auth, **(headers or {})})

    def account(self, platform, skip=0):
        """Some account that nothing befalls."""
        world = self.simulator.world
        found = [one for one in world.accounts if one.platform == platform and one.fate is None]
        return [one for one in found if one.number % 29][skip]

    def x_user(self):
        return self.get("x", f"users/{self.account(Platform.X).native_id}", **{"user.fields": "public_metrics"})


@pytest.fixture
def ask(simulated):
    asker = Asker(simulated)
    yield asker
    asker.client.close()


@pytest.fixture
def own(new_simulator):
    asker = Asker(new_simulator())
    yield asker
    asker.client.close()


def discovered(asker):
    """The first answer of business discovery that is not about a personal account."""
    for skip in range(20):
        handle = asker.account(Platform.INSTAGRAM, skip).handle
        answer = asker.get("instagram", "17841400000000001", fields=DISCOVERY % handle)
        if answer.status_code == 200:
            return answer.json()
    raise AssertionError


def test_every_source_of_the_settings_leads_here(simulated):
    fields = simulated.sources()
    assert set(SOURCES) < set(fields)
    settings = Settings(sources=fields, _env_file=None)
    assert all(one.base_url.startswith(simulated.url) for one in settings.sources.values())
    assert "browser" not in fields


def test_the_environment_says_the_same(simulated, monkeypatch):
    for name, value in simulated.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).sources == Settings(sources=simulated.sources(), _env_file=None).sources


def test_two_simulators_of_one_world_say_the_same(new_simulator):
    bodies = []
    for _ in range(2):
        asker = Asker(new_simulator(world=World(3, 60, START)))
        account = asker.account(Platform.YOUTUBE)
        bodies.append(asker.get("youtube", "channels", part=PARTS, id=account.native_id).json())
        asker.client.close()
    assert bodies[0]["items"]
    first, second = ({**body["items"][0], "etag": "", "statistics": {}} for body in bodies)
    assert first == second  # the counters go on with the clock


def test_the_clock_moves_the_world_on(own):
    before = own.x_user().json()["data"]["public_metrics"]
    own.simulator.control.advance(20 * 86_400)
    after = own.x_user().json()["data"]["public_metrics"]
    assert after["tweet_count"] > before["tweet_count"]
    assert after["followers_count"] != before["followers_count"]


def test_a_quota_is_kept_counted_and_said(own):
    own.simulator.control.quotas([{"provider": "x", "endpoint": "users", "amount": 3, "window_s": 60}])
    answers = [own.x_user() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[-1].text == "Rate limit exceeded\n"
    counted = own.simulator.control.counts()["x"]["sim-x-1"]["users"]
    assert (counted["calls"], counted["units"], counted["limited"]) == (5, 3, 2)
    assert counted["largest"] == {"60": 5}
    assert counted["in_flight"] + counted["early"] == 1  # the second refused one came before its time


def test_a_day_of_youtube_costs_units(own):
    own.simulator.control.quotas([{"provider": "youtube", "amount": 101, "window_s": 86400}])
    assert own.get("youtube", "search", part="snippet", q="baking").status_code == 200
    assert own.get("youtube", "channels", part=PARTS, id="UC").status_code == 200
    error = own.get("youtube", "channels", part=PARTS, id="UC")
    assert (error.status_code, error.json()["error"]["errors"][0]["reason"]) == (403, "quotaExceeded")


def test_what_has_not_changed_is_free_on_github(own):
    own.simulator.control.quotas([{"provider": "github", "amount": 2, "window_s": 60}])
    path = f"users/{own.account(Platform.GITHUB).handle}"
    tag = own.get("github", path).headers["etag"]
    again = [own.get("github", path, {"if-none-match": tag}).status_code for _ in range(3)]
    assert again == [304, 304, 304]
    assert own.get("github", path).status_code == 200
    assert own.get("github", path).status_code == 403


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_comes_in_both_forms(own, form):
    own.simulator.control.faults(provider="x", kind="retry_after", seconds=120, form=form, times=1)
    answer = own.x_user()
    text = answer.headers["retry-after"]
    assert answer.status_code == 429
    assert text == "120" if form == "seconds" else 110 < parsedate_to_datetime(text).timestamp() - time.time() < 125
    assert own.x_user().status_code == 200
    counted = own.simulator.control.counts()["x"]["sim-x-1"]["users"]
    assert counted["early"] + counted["in_flight"] == 1


@pytest.mark.parametrize(("kind", "error"), [("reset", httpx2.ReadError), ("torn", httpx2.RemoteProtocolError)])
def test_connections_break(own, kind, error):
    own.simulator.control.faults(provider="x", kind=kind, times=1)
    with pytest.raises(error):
        own.x_user()
    assert own.x_user().status_code == 200


def test_a_hanging_answer_never_comes(own):
    own.simulator.control.faults(provider="x", kind="hang", seconds=0.3)
    with pytest.raises(httpx2.ReadTimeout):
        own.client.get("/x/2/users/1", headers={"authorization": "Bearer sim-x-1"}, timeout=0.1)


def test_a_bomb_grows_when_it_is_unpacked(own):
    own.simulator.control.faults(provider="x", kind="bomb", megabytes=32)
    with own.client.stream("GET", "/x/2/users/1", headers={"authorization": "Bearer sim-x-1"}) as answer:
        unpacked = sum(len(piece) for piece in answer.iter_bytes())
        assert answer.num_bytes_downloaded < unpacked / 500
    assert unpacked == 32_000_000


def test_an_endless_answer_is_cut_by_the_reader(own):
    own.simulator.control.faults(provider="x", kind="endless", seconds=30)
    with own.client.stream("GET", "/x/2/users/1", headers={"authorization": "Bearer sim-x-1"}) as answer:
        assert sum(len(piece) for _, piece in zip(range(20), answer.iter_raw(), strict=False)) > 0
    assert own.get("github", "rate_limit").status_code == 200


def test_malformed_and_drifted_answers(own):
    own.simulator.control.faults(provider="x", kind="malformed", times=1)
    with pytest.raises(json.JSONDecodeError):
        own.x_user().json()
    own.simulator.control.faults(provider="x", kind="drift", times=1)
    assert "username_v2" in own.x_user().json()["data"]
    own.simulator.control.faults(provider="x", kind="drift", field="name", how="retype", times=1)
    assert isinstance(own.x_user().json()["data"]["name"], dict)
    hits = [order["hits"] for order in own.simulator.control.ordered()]
    own.simulator.control.clear_faults()
    assert (hits, own.simulator.control.ordered()) == ([1, 1, 1], [])


def test_a_share_of_the_requests_fails(own):
    own.simulator.control.faults(provider="x", kind="error", share=0.5, status=502)
    statuses = [own.x_user().status_code for _ in range(60)]
    assert set(statuses) == {200, 502}
    assert 15 < statuses.count(502) < 45


def test_a_fault_or_limit_that_means_nothing_is_refused(simulated):
    with pytest.raises(HTTPError, match="422"):
        simulated.control.faults(provider="x", kind="rain")
    with pytest.raises(HTTPError, match="422"):
        simulated.control.quotas([{"provider": "x", "amount": 1}])


def test_what_was_fetched_is_counted_once_each(own):
    account = own.account(Platform.X)
    own.x_user()
    own.get("socialdata", f"twitter/user/{account.handle}")
    fetched = own.simulator.control.fetched()
    assert fetched["accounts"] == {account.account_id: {"x": 1, "socialdata": 1}}
    assert (fetched["distinct"], fetched["total"], fetched["most"]) == (1, 2, 2)


def forms(value):
    """Field → kind of JSON value; what is null has no kind."""
    kinds = {str: "text", bool: "flag", int: "number", float: "number", dict: "object", list: "list"}
    return {name: kinds[type(one)] for name, one in value.items() if one is not None}


def differing(ours, theirs, names):
    """Those of the named fields that both have, with other kinds; and those that only they have."""
    mine, real = forms(ours), forms(theirs)
    return {name: (mine.get(name), real[name]) for name in names & real.keys() if mine.get(name) != real[name]}


def sample(name):
    folder = os.environ.get("CREATORSCOPE_TEST_DATA")
    if not folder:
        pytest.skip("needs CREATORSCOPE_TEST_DATA")
    return json.loads((Path(folder) / "payloads" / name).read_text(encoding="utf-8"))


def test_forms_of_youtube(ask):
    account = ask.account(Platform.YOUTUBE)
    channel = ask.get("youtube", "channels", part=PARTS, id=account.native_id).json()["items"][0]
    listed = ask.get("youtube", "playlistItems", part="snippet", playlistId=f"UU{account.native_id[2:]}").json()
    ids = [item["snippet"]["resourceId"]["videoId"] for item in listed["items"]]
    watched = ask.get("youtube", "videos", part="snippet,statistics", id=",".join(ids)).json()["items"][0]
    found = ask.get("youtube", "search", part="snippet", q="baking").json()["items"][0]
    real = sample("youtube/channels__info.json")["items"][0]
    assert differing(channel, real, real.keys()) == {}
    for part in {"snippet", "statistics"} & real.keys():
        assert differing(channel[part], real[part], real[part].keys()) == {}
    item = sample("youtube/playlist_items__playlist_items_paged_1.json")["items"][0]
    assert differing(listed["items"][0]["snippet"], item["snippet"], item["snippet"].keys()) == {}
    video = sample("youtube/videos__videos_info_multi.json")["items"][0]
    read = {"title", "description", "publishedAt", "channelId", "tags", "categoryId", "defaultAudioLanguage"}
    assert differing(watched["snippet"], video["snippet"], read) == {}
    hit = sample("youtube/search__search_channels.json")["items"][0]
    assert differing(found["id"], hit["id"], hit["id"].keys()) == {}
    assert differing(found["snippet"], hit["snippet"], hit["snippet"].keys()) == {}


def test_forms_of_x(ask):
    account = ask.account(Platform.X)
    fields = {"user.fields": "created_at,description,entities,location,protected,public_metrics,url,verified"}
    user = ask.get("x", f"users/by/username/{account.handle}", **fields).json()["data"]
    tweets = ask.get("x", f"users/{account.native_id}/tweets", **{"tweet.fields": "created_at,public_metrics"}).json()
    old = ask.get("socialdata", f"twitter/user/{account.handle}").json()
    missing = ask.get("x", "users/by/username/nobody_at_all").json()
    real = sample("x_api_v2/sns_user__user_resp.json")["data"]
    assert differing(user, real, real.keys()) == {}
    assert differing(user["public_metrics"], real["public_metrics"], real["public_metrics"].keys()) == {}
    timeline = sample("x_api_v2/sns_timeline__timeline_tweets.json")
    tweet = timeline["data"][0]
    assert differing(tweets["data"][0], tweet, tweet.keys()) == {}
    metrics = tweet["public_metrics"]
    assert differing(tweets["data"][0]["public_metrics"], metrics, metrics.keys()) == {}
    assert differing(tweets["meta"], timeline["meta"], timeline["meta"].keys()) == {}
    theirs = sample("x_api_v2/user_by_username__200_success_user_not_found.json")["response"]["body"]["errors"][0]
    assert differing(missing["errors"][0], theirs, theirs.keys()) == {}
    assert missing["errors"][0]["type"] == theirs["type"]
    classic = sample("x_api_v2/cassette_testgetuser.json")[0]["response"]["body"]
    read = {"id_str", "name", "screen_name", "description", "followers_count", "statuses_count", "protected"}
    assert differing(old, classic, read) == {}


def test_forms_of_github(ask):
    account = ask.account(Platform.GITHUB)
    user = ask.get("github", f"users/{account.handle}").json()
    repository = ask.get("github", f"users/{account.handle}/repos").json()[0]
    missing = ask.get("github", "users/nobody-at-all")
    real = sample("github/cassette_GitHub_user.json")[0]["response"]["body"]
    read = {"login", "id", "type", "name", "blog", "location", "bio", "followers", "following", "public_repos"}
    assert differing(user, real, read | {"created_at", "html_url", "repos_url"}) == {}
    listed = sample("github/replay_NamedUser.testGetRepos.json")[0]["response"]["body"][0]
    read = {"id", "name", "full_name", "description", "fork", "owner", "pushed_at", "created_at", "html_url"}
    assert differing(repository, listed, read) == {}
    assert (missing.status_code, missing.json()["message"]) == (404, "Not Found")


def test_forms_of_instagram_and_its_collectors(ask):
    body = discovered(ask)
    profile = body["business_discovery"]
    media = profile["media"]["data"][0]
    missing = ask.get("instagram", "17841400000000001", fields=DISCOVERY % "nobody_at_all").json()
    assert missing["error"]["code"] == 110
    real = sample("instagram_graph/discovery__user_fields.json")
    assert differing(body, real, real.keys()) == {}
    read = {"id", "username", "name", "biography", "followers_count", "media_count"}
    assert differing(profile, real["business_discovery"], read) == {}
    item = sample("instagram_graph/discovery__medias_p1.json")["business_discovery"]["media"]["data"][0]
    assert differing(media, item, item.keys()) == {}
    error = sample("instagram_graph/base__error_data.json")["error"]
    assert differing(missing["error"], error, error.keys()) == {}


@pytest.mark.parametrize(
    ("actor", "field", "platform", "file"),
    [
        ("apify~instagram-profile-scraper", "usernames", Platform.INSTAGRAM, "instagram_profile_apifytech.json"),
        ("clockworks~tiktok-profile-scraper", "profiles", Platform.TIKTOK, "tiktok_scraper_items.json"),
    ],
)
def test_forms_of_apify(ask, actor, field, platform, file):
    key = {"authorization": f"Bearer {credential_of('apify', 1)}"}
    handle = ask.account(platform).handle
    begun = ask.client.post(
        f"/apify/v2/acts/{actor}/runs", params={"waitForFinish": 5}, json={field: [handle]}, headers=key
    )
    run = begun.json()["data"]
    assert (begun.status_code, run["status"]) == (201, "SUCCEEDED")
    item = ask.get("apify", f"datasets/{run['defaultDatasetId']}/items").json()[0]
    real = sample(f"apify/{file}")[0]
    unread = {"externalUrlShimmed", "profilePicUrlHD", "facebookPage"}
    assert differing(item, real, real.keys() - unread) == {}
    inner = "latestPosts" if platform is Platform.INSTAGRAM else "authorMeta"
    ours, theirs = (one[inner][0] if isinstance(one[inner], list) else one[inner] for one in (item, real))
    pictures = {"dimensionsHeight", "dimensionsWidth", "displayUrl", "images", "childPosts", "alt"}
    places = {"locationName", "locationId"}
    assert differing(ours, theirs, theirs.keys() - pictures - places) == {}


def test_forms_of_tiktok(ask):
    form = {"client_key": "sim-tiktok-1", "client_secret": "secret", "grant_type": "client_credentials"}
    token = ask.client.post("/tiktok/v2/oauth/token/", data=form).json()["access_token"]
    fields = (
        "display_name,bio_description,avatar_url,is_verified,follower_count,following_count,likes_count,video_count"
    )
    headers = {"authorization": f"Bearer {token}"}
    account = ask.account(Platform.TIKTOK)
    user = ask.client.post(
        "/tiktok/v2/research/user/info/",
        params={"fields": f"{fields},video_count,username"},
        json={"username": account.handle},
        headers=headers,
    ).json()
    now = ask.simulator.stage.now()
    query = {
        "query": {"and": [{"operation": "EQ", "field_name": "username", "field_values": [account.handle]}]},
        "start_date": f"{now - timedelta(days=30):%Y%m%d}",
        "end_date": f"{now:%Y%m%d}",
    }
    videos = ask.client.post(
        "/tiktok/v2/research/video/query/", params={"fields": "id,like_count"}, json=query, headers=headers
    ).json()
    assert user["error"]["code"] == "ok"
    real = sample("tiktok/research_api_user_info_documented.json")["data"]
    assert differing(user["data"], real, real.keys()) == {}
    page = sample("tiktok/research_api_video_query_documented.json")["response"]["body"]["data"]
    assert differing(videos["data"], page, page.keys()) == {}
