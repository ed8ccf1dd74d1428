"""What the actors of Apify find: profiles of Instagram, videos of TikTok, tweets of X, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from creators.models import Platform
from simulator.desk import Asked
from simulator.dice import roll
from simulator.people import Account
from simulator.posts import Post, posts
from simulator.world import View

POSTS_OF_A_PROFILE = 12
_OLD_TWITTER = "%a %b %d %H:%M:%S +0000 %Y"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


Crawl = Callable[[Asked, dict[str, Any]], list[dict[str, Any]]]


def actor(name: str) -> Crawl | None:
    """Return what an actor of that name does with its input; None where there is no such actor."""
    for word, crawl in (("instagram", _instagram), ("tiktok", _tiktok), ("tweet", _x), ("twitter", _x)):
        if word in name:
            return crawl
    return None


def _texts(wanted: Mapping[str, Any], *names: str) -> list[str]:
    """The accounts that an input names, whatever the field is called; addresses give their last part."""
    values: list[Any] = next((wanted[name] for name in names if isinstance(wanted.get(name), list)), [])
    texts = [value.get("url", "") if isinstance(value, dict) else str(value) for value in values]
    return [text.split("?")[0].rstrip("/").rpartition("/")[2].lstrip("@") for text in texts]


def _seen(asked: Asked, platform: Platform, handle: str) -> View | None:
    account = asked.world.by_handle(platform, handle, asked.now)
    view = asked.world.view(account, asked.now) if account else None
    if view is None or view.gone:
        return None
    asked.stage.fetched("apify", view.account)
    return view


def _recent(asked: Asked, view: View, amount: int) -> list[Post]:
    return [] if view.private else posts(asked.world, view.account, asked.now, amount)


def _instagram(asked: Asked, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for handle in _texts(wanted, "usernames", "directUrls"):
        view = _seen(asked, Platform.INSTAGRAM, handle)
        if view is None:
            missing = {"error": "not_found", "errorDescription": "Page not found"}
            rows.append({"username": handle, "url": f"https://www.instagram.com/{handle}", **missing})
        else:
            rows.append(_instagram_profile(asked, view))
    return rows


def _instagram_profile(asked: Asked, view: View) -> dict[str, Any]:
    return {
        "inputUrl": f"https://www.instagram.com/{view.handle}",
        "id": view.account.native_id,
        "username": view.handle,
        "url": f"https://www.instagram.com/{view.handle}",
        "fullName": view.name,
        "biography": view.bio,
        "externalUrl": view.link,
        "externalUrls": [{"title": "", "url": view.link, "link_type": "external"}] if view.link else [],
        "followersCount": view.followers,
        "followsCount": view.following,
        "hasChannel": False,
        "highlightReelCount": 3,
        "isBusinessAccount": True,
        "joinedRecently": False,
        "businessCategoryName": view.person.niche.category,
        "private": view.private,
        "verified": view.account.verified,
        "profilePicUrl": f"https://scontent.cdninstagram.example/{view.account.native_id}.jpg",
        "igtvVideoCount": 0,
        "relatedProfiles": [],
        "latestIgtvVideos": [],
        "postsCount": view.posts,
        "latestPosts": [_instagram_post(asked, post, view) for post in _recent(asked, view, POSTS_OF_A_PROFILE)],
    }


def _instagram_post(asked: Asked, post: Post, view: View) -> dict[str, Any]:
    return {
        "id": post.post_id,
        "type": "Video" if post.is_video else "Image",
        "shortCode": post.short_code,
        "caption": post.text,
        "hashtags": list(post.tags),
        "mentions": [asked.world.handle_of(one, post.created_at) for one in post.mentions],
        "url": f"https://www.instagram.com/p/{post.short_code}/",
        "commentsCount": post.comments,
        "likesCount": post.likes,
        "displayUrl": f"https://scontent.cdninstagram.example/{post.post_id}.jpg",
        **(
            {"videoViewCount": post.views, "videoDuration": post.seconds, "productType": "clips"}
            if post.is_video
            else {}
        ),
        "timestamp": _iso(post.created_at),
        "ownerFullName": view.name,
        "ownerUsername": view.handle,
        "ownerId": view.account.native_id,
    }


def _clip(post: Post) -> dict[str, Any]:
    return {"videoViewCount": post.views, "videoDuration": post.seconds, "productType": "clips"}


def _tiktok(asked: Asked, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    amount = int(wanted.get("resultsPerPage") or 1)
    for handle in _texts(wanted, "profiles", "startUrls"):
        view = _seen(asked, Platform.TIKTOK, handle)
        recent = _recent(asked, view, amount) if view else []
        if view is None or not recent:
            code = "PROFILE_EMPTY" if view else "NOT_FOUND"
            note = "This profile has no videos" if view else "This profile does not exist"
            rows.append({"input": handle, "url": f"https://www.tiktok.com/@{handle}", "error": note, "errorCode": code})
        rows += [_tiktok_video(asked, post, view) for post in recent if view]
    return rows


def _tiktok_video(asked: Asked, post: Post, view: View) -> dict[str, Any]:
    address = f"https://www.tiktok.com/@{view.handle}/video/{post.post_id}"
    return {
        "id": post.post_id,
        "text": post.text,
        "textLanguage": view.person.culture.language,
        "createTime": int(post.created_at.timestamp()),
        "createTimeISO": _iso(post.created_at),
        "locationCreated": view.person.culture.country,
        "isAd": False,
        "authorMeta": _tiktok_author(view),
        "musicMeta": {"musicName": "original sound", "musicAuthor": view.name, "musicOriginal": True},
        "webVideoUrl": address,
        "mediaUrls": [],
        "videoMeta": {"height": 1024, "width": 576, "duration": post.seconds, "definition": "540p", "format": "mp4"},
        "diggCount": post.likes,
        "shareCount": post.shares,
        "playCount": post.views,
        "collectCount": post.shares // 2,
        "commentCount": post.comments,
        "mentions": [f"@{asked.world.handle_of(one, post.created_at)}" for one in post.mentions],
        "hashtags": [{"id": "", "name": tag, "title": "", "cover": ""} for tag in post.tags],
        "effectStickers": [],
        "isSlideshow": False,
        "isPinned": False,
    }


def _tiktok_author(view: View) -> dict[str, Any]:
    return {
        "id": view.account.native_id,
        "name": view.handle,
        "profileUrl": f"https://www.tiktok.com/@{view.handle}",
        "nickName": view.name,
        "verified": view.account.verified,
        "signature": view.bio,
        "bioLink": view.link,
        "avatar": f"https://p16.tiktokcdn.example/{view.account.native_id}.jpeg",
        "commerceUserInfo": {"commerceUser": False},
        "privateAccount": view.private,
        "region": view.person.culture.country,
        "roomId": "",
        "ttSeller": False,
        "following": view.following,
        "fans": view.followers,
        "heart": view.likes,
        "video": view.posts,
        "digg": view.following * 3,
    }


def _x(asked: Asked, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    amount = int(wanted.get("maxItems") or 20)
    for handle in _texts(wanted, "twitterHandles", "startUrls"):
        view = _seen(asked, Platform.X, handle)
        recent = _recent(asked, view, amount) if view else []
        rows += [_tweet(asked, post, view) for post in recent if view] or [{"noResults": True}]
    return rows[:amount]


def _tweet(asked: Asked, post: Post, view: View) -> dict[str, Any]:
    address = f"https://x.com/{view.handle}/status/{post.post_id}"
    mentioned: list[Account] = list(post.mentions)
    return {
        "type": "tweet",
        "id": post.post_id,
        "url": address,
        "twitterUrl": address.replace("x.com", "twitter.com"),
        "text": post.text,
        "fullText": post.text,
        "source": "Twitter Web App",
        "retweetCount": post.shares,
        "replyCount": post.comments,
        "likeCount": post.likes,
        "quoteCount": post.shares // 5,
        "viewCount": post.views,
        "createdAt": post.created_at.strftime(_OLD_TWITTER),
        "lang": view.person.culture.language,
        "bookmarkCount": post.shares // 4,
        "isReply": False,
        "isRetweet": False,
        "isQuote": False,
        "isPinned": False,
        "author": _tweet_author(view),
        "entities": {
            "hashtags": [{"indices": [0, 0], "text": tag} for tag in post.tags],
            "symbols": [],
            "urls": [],
            "user_mentions": [
                {"id_str": one.native_id, "screen_name": asked.world.handle_of(one, post.created_at), "name": ""}
                for one in mentioned
            ],
        },
    }


def _tweet_author(view: View) -> dict[str, Any]:
    return {
        "type": "user",
        "userName": view.handle,
        "url": f"https://x.com/{view.handle}",
        "twitterUrl": f"https://twitter.com/{view.handle}",
        "id": view.account.native_id,
        "name": view.name,
        "isVerified": False,
        "isBlueVerified": view.account.verified,
        "profilePicture": f"https://pbs.twimg.example/{view.account.native_id}_normal.jpg",
        "description": view.bio,
        "location": view.person.culture.place,
        "followers": view.followers,
        "following": view.following,
        "protected": view.private,
        "canDm": False,
        "createdAt": view.account.created_at.strftime(_OLD_TWITTER),
        "entities": {"description": {"urls": []}, "url": {"urls": _links(view.link)}},
        "favouritesCount": view.following * 9,
        "mediaCount": view.posts // 3,
        "statusesCount": view.posts,
    }


def _links(url: str | None) -> list[dict[str, Any]]:
    if url is None:
        return []
    shown = url.partition("://")[2].rstrip("/")
    short = f"https://t.co/{roll('t.co', url):016x}"[:23]
    return [{"url": short, "expanded_url": url, "display_url": shown[:30], "indices": [0, 23]}]
