"""Looking at all files of a project, on all cores, and at none of them twice.

`run` ties it together: what `cache` knows is not looked at again, the rest goes through `look`, in the processes of
`parallel`; what comes out is `reports`.
"""
