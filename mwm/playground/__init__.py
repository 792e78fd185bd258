"""The playground: a page in which all worlds dream one latent, steered by hand, without a server.

Its scripts are the *.js beside this file, classic and without a build step. The page opens from the
disk, and browsers load no modules from there: so `page` puts them one after the other.
"""
