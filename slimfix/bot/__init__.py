"""The bot: reads repositories without a checkout, plans their fixes, and proposes them as pull requests.

What a pull request holds and says (:mod:`.plan`, :mod:`.message`) and what is to be done about it
(:mod:`.decide`) is pure; :mod:`.git` reads, :mod:`.forge` talks to GitHub, GitLab and their like, and
:mod:`.jobs` makes it last through a crash.
"""
