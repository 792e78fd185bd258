"""Engines: run a stage on another machine, through a store that both see.

- `store`: content by its MD5, in DVC's cache, which must be a folder that all machines see;
- `publishing`: puts an output there;
- `job`: a job and its receipt, what a stage is to do and what a worker did, as files in the store;
- `worker`: does a job in a workspace of its own, on whatever machine it is started;
- `base`: what an engine is; `rays`, `slurm`: start workers, and stop them;
- `cluster`: the file that says what to ask a cluster for.

The head (`mwm.pipeline.remote`) makes jobs of DVC's stages and alone writes dvc.lock. Workers open
no DVC project: its databases do not bear a network's file system.
"""
